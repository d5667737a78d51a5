import { z } from 'zod';

/** Bus topic: something happened to customers, so that answers about them are forgotten everywhere. */
export const CUSTOMERS_CHANGED_TOPIC = 'customers-changed';
/** Null: so many that naming them is not worth it. */
export const customersChangedMessage = z.object({
  userIds: z.array(z.int().positive()).max(500).nullable(),
});
export type CustomersChanged = z.infer<typeof customersChangedMessage>;

/** Ids of one message: it must stay well below 7 KB. */
const IDS_PER_MESSAGE = 500;
const WORTH_NAMING = 5_000;

/** The messages about these customers. */
export function customersChanged(userIds: ReadonlySet<number>): CustomersChanged[] {
  if (userIds.size > WORTH_NAMING) return [{ userIds: null }];
  const ids = [...userIds];
  const messages: CustomersChanged[] = [];
  for (let start = 0; start < ids.length; start += IDS_PER_MESSAGE)
    messages.push({ userIds: ids.slice(start, start + IDS_PER_MESSAGE) });
  return messages;
}
