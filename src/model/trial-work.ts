import { AppError } from '../kernel/error.js';
import type { TrialHost } from './train/trial.js';
import { hostTrials, searchName, type OnTrial, type TrialHostDeps } from './trial-host.js';
import { openTrialSession, type TrialSession } from './trial-session.js';

export interface TrialWorkDeps extends TrialHostDeps {
  /** How long a helper keeps its threads and folds after the last trial: the next stage of the search may want them. */
  lingerMs: number;
}

/** What one process does about trials: those of its own trainings, and those of others. */
export interface TrialWork {
  /** Whoever does the trials of a training that runs here: this process always, others as they come. */
  host(jobId: string, onTrial: OnTrial): TrialHost;
  /**
   * Does trials of a training that runs elsewhere, until none is left to take up. While a training runs here, it
   * has this process' threads: then this waits for its end. Rejects with the reason of the signal, and when rows
   * cannot be read or written. One at a time.
   */
  help(jobId: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

interface Helping {
  jobId: string;
  name: string;
  session: TrialSession;
}

/** Started for each worker process once. */
export function openTrialWork(deps: TrialWorkDeps): TrialWork {
  const hosts = new Set<TrialHost>();
  const whenFree = new Set<() => void>();
  let helping: Helping | null = null;
  let problem: { error: unknown } | null = null;
  let linger: NodeJS.Timeout | undefined;

  const stopHelping = async (): Promise<void> => {
    clearTimeout(linger);
    const stopped = helping;
    helping = null;
    await stopped?.session.close();
  };
  const openHelp = async (jobId: string, name: string): Promise<Helping | null> => {
    if (helping?.jobId === jobId && helping.name === name) return helping;
    await stopHelping();
    const bytes = await deps.store.shared(jobId);
    if (!bytes || bytes.length === 0) return null; // ended meanwhile, or kept to itself
    if (searchName(deps.madeBy, bytes) !== name) {
      const why = 'trials of another version of the program are left to it';
      deps.onProblem(new AppError('CONFLICT', why), jobId);
      return null;
    }
    const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
    copy.set(bytes);
    const session = openTrialSession(
      deps,
      { jobId, name, bytes: copy },
      {
        mayClaim: () => hosts.size === 0,
        onDone: () => undefined,
        onChange: () => undefined,
        onProblem: (error) => {
          problem ??= { error };
        },
      },
    );
    helping = { jobId, name, session };
    return helping;
  };
  return {
    host(jobId, onTrial) {
      const host = hostTrials(deps, jobId, onTrial);
      hosts.add(host);
      return {
        ...host,
        async close() {
          await host.close();
          hosts.delete(host);
          if (hosts.size === 0) for (const go of whenFree) go();
        },
      };
    },
    async help(jobId, signal) {
      await untilFree(() => hosts.size === 0, whenFree, signal);
      signal.throwIfAborted();
      clearTimeout(linger);
      const name = await deps.store.openSearch(jobId);
      const help = name === null ? null : await openHelp(jobId, name);
      if (!help) return;
      if (signal.aborted) await stopHelping();
      const stop = (): void => void stopHelping();
      signal.addEventListener('abort', stop, { once: true });
      problem = null;
      help.session.work();
      await help.session.idle();
      signal.removeEventListener('abort', stop);
      signal.throwIfAborted();
      linger = setTimeout(stop, deps.lingerMs).unref();
      const found = problem as { error: unknown } | null;
      if (found) throw found.error;
    },
    async close() {
      await stopHelping();
      for (const host of hosts) await host.close();
    },
  };
}

function untilFree(
  isFree: () => boolean,
  whenFree: Set<() => void>,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      whenFree.delete(go);
      signal.removeEventListener('abort', go);
      resolve();
    };
    if (isFree() || signal.aborted) {
      resolve();
      return;
    }
    whenFree.add(go);
    signal.addEventListener('abort', go, { once: true });
  });
}
