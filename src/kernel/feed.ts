/** Changes that subscribers must not miss, by what changed. */
export const FEED_TOPICS = ['alert', 'drift', 'job', 'risk', 'experiment'] as const;
export type FeedTopic = (typeof FEED_TOPICS)[number];

/** What is put down of a change. */
export interface NewFeedEntry {
  at: Date;
  /** Key of the row that changed. */
  subject: string;
  /** The customer it is about; gone with an erasure. */
  userId?: number;
  /** What subscribers choose by. */
  keys: Readonly<Record<string, string | number | null>>;
  /** The row as it was then; left out where the row never changes. */
  payload?: unknown;
}

/** A change as it is read back: ids grow within a topic in the order of commit. */
export interface FeedEntry {
  id: number;
  at: Date;
  subject: string;
  userId: number | null;
  keys: Readonly<Record<string, string | number | null>>;
  /** null where none was put down. */
  payload: unknown;
}
