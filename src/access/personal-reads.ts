import { beforeAnswer, perRequest, type RequestContext } from '../graphql/context.js';
import { encodeId } from '../kernel/id.js';
import type { AuditEntry } from './audit.store.js';

/** Name of the entries in the audit trail. */
export const PERSONAL_DATA_READ = 'personal data read';

/**
 * Tells that a field with personal data of a customer goes into the answer.
 * @param of id of the customer, or the id in the graph of what holds data of somebody who is no customer
 */
export type TellPersonalRead = (
  context: RequestContext,
  of: number | string,
  field: string,
) => void;

/**
 * Collects what personal data an operation answers and, before the answer leaves, writes one entry a customer:
 * one statement however many there are, none when nothing personal was asked for. The answer fails with it.
 */
export function personalReads(deps: {
  writeReads: (entries: readonly AuditEntry[]) => Promise<void>;
}): TellPersonalRead {
  const readsOf = perRequest((context) => {
    const reads = new Map<string, string[]>();
    beforeAnswer(context).push(async () => {
      const told = [...reads];
      reads.clear();
      if (told.length > 0) await deps.writeReads(told.map((read) => entryOf(context, ...read)));
    });
    return reads;
  });
  return (context, of, field) => {
    const reads = readsOf(context);
    const subject = typeof of === 'number' ? encodeId('User', of) : of;
    const fields = reads.get(subject);
    if (!fields) reads.set(subject, [field]);
    else if (!fields.includes(field)) fields.push(field);
  };
}

function entryOf(
  { viewer, clock, requestId }: RequestContext,
  subject: string,
  fields: readonly string[],
): AuditEntry {
  return {
    at: clock.wall(),
    actor: viewer.name,
    action: PERSONAL_DATA_READ,
    subject,
    detail: { fields, requestId },
  };
}
