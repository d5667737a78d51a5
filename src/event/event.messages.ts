import { z } from 'zod';

/** Queue of what the table of events needs from time to time: months ahead, retention. */
export const EVENT_QUEUE = 'event';
export const eventPayload = z.object({ task: z.literal('look-after-events') });
