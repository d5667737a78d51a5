import { eventPayload } from '../src/event/event.messages.js';
import type { EventUpkeep } from '../src/event/look-after-events.js';
import { UnrecoverableJobError, type Delivery, type Log } from '../src/plant/ports.js';

/** Queue `event`: makes months ahead and drops those that retention has passed. */
export function eventProcessor(deps: {
  lookAfterEvents(signal: AbortSignal): Promise<EventUpkeep>;
  log: Pick<Log, 'info' | 'warn'>;
}): (delivery: Delivery) => Promise<void> {
  return async ({ payload, signal }) => {
    const parsed = eventPayload.safeParse(payload);
    if (!parsed.success)
      throw new UnrecoverableJobError(`not a task for events: ${parsed.error.message}`);
    const { dropped, busy } = await deps.lookAfterEvents(signal);
    if (dropped.length > 0) deps.log.info({ dropped }, 'events older than the retention are gone');
    if (busy.length > 0)
      deps.log.warn(
        { busy },
        'events older than the retention wait: the table was in use all the while',
      );
  };
}
