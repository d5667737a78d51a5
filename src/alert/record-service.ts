import { pause } from '../kernel/pause.js';
import { sampleCounter, type ServiceCall, type ServiceSample } from './service-sample.js';

export interface RecordServiceDeps {
  write(samples: readonly ServiceSample[]): Promise<void>;
  wall(): Date;
  onFailure(error: unknown): void;
  /** Default 10 s. */
  everyMs?: number;
}

/** Counts what a process does and writes it down every 10 seconds. */
export interface ServiceRecorder {
  record(call: ServiceCall): void;
  /** Writes what was counted since; what cannot be written is kept for the next time. */
  flush(): Promise<void>;
  /** Writes the rest and ends. */
  close(): Promise<void>;
}

const FLUSH_EVERY_MS = 10_000;

/** Starts a recorder; it must be closed. */
export function recordService(deps: RecordServiceDeps): ServiceRecorder {
  const counter = sampleCounter();
  const ended = new AbortController();
  const flush = async (): Promise<void> => {
    const samples = counter.take();
    if (samples.length === 0) return;
    try {
      await deps.write(samples);
    } catch (error) {
      counter.giveBack(samples);
      deps.onFailure(error);
    }
  };
  const run = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await pause(deps.everyMs ?? FLUSH_EVERY_MS, ended.signal);
      await flush();
    }
  };
  const running = run();
  return {
    record: (call) => {
      counter.add(call, deps.wall());
    },
    flush,
    async close() {
      ended.abort();
      await running;
      await flush();
    },
  };
}
