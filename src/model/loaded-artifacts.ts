import { AppError } from '../kernel/error.js';
import type { Scorer } from '../scorer/ports.js';

/** Which artifacts the scorer holds: those that somebody needs, and a few that were needed lately. */
export interface LoadedArtifacts {
  /**
   * Loads it where it is not, and keeps it until as many `release` as `hold` were called.
   * @throws AppError INTERNAL when its bytes are gone; then it is not held
   */
  hold(sha256: string): Promise<void>;
  release(sha256: string): void;
  /** Holds it until `work` has ended. @throws as `hold` does, then without having begun */
  during<T>(sha256: string, work: () => Promise<T>): Promise<T>;
}

export interface LoadedArtifactsDeps {
  artifactBytes(sha256: string): Promise<Uint8Array | null>;
  scorer: Pick<Scorer, 'load' | 'unload' | 'isLoaded'>;
  /** Artifacts that nobody holds and that stay loaded all the same. */
  keep: number;
}

/** Nothing is held at first. */
export function loadedArtifacts(deps: LoadedArtifactsDeps): LoadedArtifacts {
  const holders = new Map<string, number>();
  /** Held by nobody, the longest so first. */
  const idle = new Set<string>();
  const turns = new Map<string, Promise<void>>();

  /** Loads and unloads of one artifact, one after the other: either looks at what is wanted when its turn comes. */
  const inTurn = async (sha256: string, work: () => Promise<void>): Promise<void> => {
    const turn = (turns.get(sha256) ?? Promise.resolve()).catch(() => undefined).then(work);
    turns.set(sha256, turn);
    try {
      await turn;
    } finally {
      if (turns.get(sha256) === turn) turns.delete(sha256);
    }
  };

  const load = async (sha256: string): Promise<void> => {
    if (deps.scorer.isLoaded(sha256)) return;
    const bytes = await deps.artifactBytes(sha256);
    if (!bytes) throw new AppError('INTERNAL', `artifact ${sha256} is gone`);
    await deps.scorer.load({ sha256, bytes });
  };

  const unload = async (sha256: string): Promise<void> => {
    if (!holders.has(sha256) && !idle.has(sha256)) await deps.scorer.unload(sha256);
  };

  const release = (sha256: string): void => {
    const left = (holders.get(sha256) ?? 0) - 1;
    if (left > 0) {
      holders.set(sha256, left);
      return;
    }
    holders.delete(sha256);
    idle.add(sha256);
    for (const oldest of idle) {
      if (idle.size <= deps.keep) return;
      idle.delete(oldest);
      inTurn(oldest, () => unload(oldest)).catch(() => undefined); // a closed scorer has unloaded it
    }
  };

  const hold = async (sha256: string): Promise<void> => {
    holders.set(sha256, (holders.get(sha256) ?? 0) + 1);
    idle.delete(sha256);
    try {
      await inTurn(sha256, () => load(sha256));
    } catch (error) {
      release(sha256);
      throw error;
    }
  };

  return {
    hold,
    release,
    async during(sha256, work) {
      await hold(sha256);
      try {
        return await work();
      } finally {
        release(sha256);
      }
    },
  };
}
