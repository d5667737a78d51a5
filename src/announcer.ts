import type { Bus, Log } from './plant/ports.js';

/** Tells something to all processes of an installation. */
export type Announce = (topic: string, message: object) => void;

/** Publishing is telling, not promising: a bus that is closing must not fail the work. Without a bus nobody hears. */
export function announcer({
  bus,
  log,
}: {
  bus: Pick<Bus, 'publish'> | null;
  log: Pick<Log, 'debug'>;
}): Announce {
  return (topic, message) => {
    try {
      bus?.publish(topic, message);
    } catch (error) {
      log.debug({ err: error, topic }, 'not published');
    }
  };
}
