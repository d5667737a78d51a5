import { AppError } from '../kernel/error.js';
import type { RequestContext, RoleName, Viewer } from './context.js';

/** Everything a key may be allowed to do; resolvers name one of these, never a role. */
export type Permission =
  | 'user:read' // one customer by id or key
  | 'user:list' // connections over customers
  | 'pii:read' // name and e-mail
  | 'event:write'
  | 'user:write'
  | 'outcome:write'
  | 'feature:read'
  | 'feature:write'
  | 'quality:read'
  | 'quality:write' // rules of data quality
  | 'privacy:write' // export and erase a customer
  | 'model:read'
  | 'model:write' // promote, roll back, register
  | 'model:override' // promote against the business rules
  | 'segment:read'
  | 'segment:write' // names and texts of segments
  | 'experiment:read'
  | 'experiment:write'
  | 'drift:read'
  | 'drift:write' // another reference
  | 'alert:read'
  | 'alert:write' // rules, acknowledging, silencing, testing channels
  | 'report:read'
  | 'job:read'
  | 'job:run'
  | 'key:write';

const PERMISSIONS: Record<RoleName, ReadonlySet<Permission>> = {
  CRM: new Set([
    'user:read',
    'pii:read',
    'outcome:write',
    'feature:read',
    'model:read',
    'segment:read',
    'experiment:read',
  ]),
  ANALYST: new Set([
    'user:read',
    'user:list',
    'feature:read',
    'feature:write',
    'quality:read',
    'model:read',
    'segment:read',
    'segment:write',
    'experiment:read',
    'drift:read',
    'alert:read',
    'report:read',
    'job:read',
  ]),
  OPERATOR: new Set([
    'user:read',
    'user:list',
    'event:write',
    'user:write',
    'outcome:write',
    'feature:read',
    'feature:write',
    'quality:read',
    'quality:write',
    'model:read',
    'model:write',
    'segment:read',
    'segment:write',
    'experiment:read',
    'experiment:write',
    'drift:read',
    'drift:write',
    'alert:read',
    'alert:write',
    'report:read',
    'job:read',
    'job:run',
  ]),
  ADMIN: new Set([
    'user:read',
    'user:list',
    'pii:read',
    'event:write',
    'user:write',
    'outcome:write',
    'feature:read',
    'feature:write',
    'quality:read',
    'quality:write',
    'privacy:write',
    'model:read',
    'model:write',
    'model:override',
    'segment:read',
    'segment:write',
    'experiment:read',
    'experiment:write',
    'drift:read',
    'drift:write',
    'alert:read',
    'alert:write',
    'report:read',
    'job:read',
    'job:run',
    'key:write',
  ]),
};

/** Whether the viewer's role allows it. */
export function can(viewer: Viewer, permission: Permission): boolean {
  return PERMISSIONS[viewer.role].has(permission);
}

/** First line of every resolver that is a door. @throws AppError FORBIDDEN */
export function authorise(context: RequestContext, permission: Permission): void {
  if (!can(context.viewer, permission))
    throw new AppError('FORBIDDEN', `role ${context.viewer.role} may not ${permission}`);
}
