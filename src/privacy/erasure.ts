import { hash } from 'node:crypto';

/** What is kept of an erasure: no personal data. */
export interface ErasureReceipt {
  id: string;
  erasedAt: Date;
  /** Rows removed or changed, by table. */
  rows: Record<string, number>;
  /** Model versions whose training rows held the customer, such as `churn@3`. */
  modelsTrainedOn: string[];
}

/** What lets an erasure be applied again: the receipt's id and instant, and the salted hash of the external id. */
export interface Tombstone {
  id: string;
  salt: string;
  /** SHA-256 in lower-case hex, see `tombstoneHash`. */
  hash: string;
  erasedAt: Date;
}

/** SHA-256 of `<salt>:<external id>` in UTF-8 as lower-case hex; the stores compute the same in SQL. */
export function tombstoneHash(salt: string, externalId: string): string {
  return hash('sha256', `${salt}:${externalId}`, 'hex');
}
