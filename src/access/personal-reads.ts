import { beforeAnswer, perRequest, type RequestContext } from '../graphql/context.js';
import { encodeId } from '../kernel/id.js';
import type { AuditEntry } from './audit.store.js';

/** Name of the entries in the audit trail. */
export const PERSONAL_DATA_READ = 'personal data read';

/** Tells that a field with personal data of a customer goes into the answer. */
export type TellPersonalRead = (context: RequestContext, userId: number, field: string) => void;

/**
 * Collects what personal data an operation answers and, before the answer leaves, writes one entry a customer:
 * one statement however many there are, none when nothing personal was asked for. The answer fails with it.
 */
export function personalReads(deps: {
  writeReads: (entries: readonly AuditEntry[]) => Promise<void>;
}): TellPersonalRead {
  const readsOf = perRequest((context) => {
    const reads = new Map<number, string[]>();
    beforeAnswer(context).push(async () => {
      const told = [...reads];
      reads.clear();
      if (told.length > 0) await deps.writeReads(told.map((read) => entryOf(context, ...read)));
    });
    return reads;
  });
  return (context, userId, field) => {
    const reads = readsOf(context);
    const fields = reads.get(userId);
    if (!fields) reads.set(userId, [field]);
    else if (!fields.includes(field)) fields.push(field);
  };
}

function entryOf(
  { viewer, clock, requestId }: RequestContext,
  userId: number,
  fields: readonly string[],
): AuditEntry {
  return {
    at: clock.wall(),
    actor: viewer.name,
    action: PERSONAL_DATA_READ,
    subject: encodeId('User', userId),
    detail: { fields, requestId },
  };
}
