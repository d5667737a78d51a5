import { AppError } from '../kernel/error.js';
import { FEED_TOPICS, type FeedTopic } from '../kernel/feed.js';
import { decodeCursor, encodeCursor } from './cursor.js';

/** Where a subscriber stands in the changes of a topic: given out with every change, taken as `after`. */
export function feedCursor(topic: FeedTopic, id: number): string {
  return encodeCursor([topic, id]);
}

/**
 * The number in a cursor of that topic; null where there is no cursor.
 * @throws AppError INVALID for anything that `feedCursor` did not make, and for a cursor of another topic
 */
export function feedPosition(topic: FeedTopic, cursor: unknown): number | null {
  if (typeof cursor !== 'string') return null;
  const [name, id] = decodeCursor(cursor, 2);
  const isNumber = typeof id === 'number' && Number.isSafeInteger(id) && id >= 0;
  if (isNumber && name === topic) return id;
  if (isNumber && FEED_TOPICS.some((other) => other === name))
    throw new AppError(
      'INVALID',
      `after is a cursor of changes of ${String(name)}, not of ${topic}`,
    );
  throw new AppError('INVALID', `after is not a cursor of this connection: ${cursor.slice(0, 80)}`);
}
