import { Field, ObjectType, registerEnumType } from 'type-graphql';
import type { RoleName } from '../graphql/context.js';
import { DateTime, JsonObject } from '../graphql/scalars.js';

export const Role = {
  CRM: 'CRM',
  ANALYST: 'ANALYST',
  OPERATOR: 'OPERATOR',
  ADMIN: 'ADMIN',
} as const;

registerEnumType(Role, {
  name: 'Role',
  description: 'What a key may do.',
  valuesConfig: {
    CRM: { description: "Reads one customer's risk, features and reasons, with personal data." },
    ANALYST: { description: 'Reads everything but personal data; declares features.' },
    OPERATOR: { description: 'Writes data, runs jobs, promotes models; no personal data.' },
    ADMIN: { description: 'Does all.' },
  },
});

@ObjectType('Viewer', { simpleResolvers: true, description: 'Whose key this request carries.' })
export class ViewerType {
  @Field(() => String, { description: 'Name the key was created with.' })
  name!: string;
  @Field(() => Role, { description: 'What the key may do.' })
  role!: RoleName;
}

@ObjectType('AuditEntry', {
  simpleResolvers: true,
  description:
    'Who did what, when. Entries are never removed; the erasure of a customer makes those about them anonymous.',
})
export class AuditEntryType {
  @Field(() => DateTime, { description: 'When, wall time.' })
  at!: Date;
  @Field(() => String, {
    description: 'Name of the key, or of the part of the program, that did it.',
  })
  actor!: string;
  @Field(() => String, { description: 'What was done, for example `created` or `moved`.' })
  action!: string;
  @Field(() => String, { description: 'Typed id of what it was done to, such as `User:42`.' })
  subject!: string;
  @Field(() => JsonObject, { description: 'What changed, by name.' })
  detail!: Record<string, unknown>;
}
