import { AppError } from '../kernel/error.js';
import type { Log } from '../plant/ports.js';
import type { Degraded } from './degrade.messages.js';

/** Which models cannot answer in this process, and whether they may be asked. */
export interface Degradation {
  /** False for a while after an answer did not come in time: who asks next must not wait as long. */
  mayAsk(modelId: string): boolean;
  failed(model: { id: string; name: string }, error: AppError): void;
  answered(model: { id: string; name: string }): void;
  isDegraded(modelId: string): boolean;
}

export interface DegradationDeps {
  log: Log;
  monotonicMs(): number;
  /** Told when answers without the model begin, and when they end. */
  onChange?(change: Degraded): void;
  /** What is done meanwhile, for the log. */
  meanwhile?: string;
}

/** A model has recovered when it answers so long after its last failure. */
export const CALM_MS = 5_000;
/** After an answer that did not come in time, one question in so long asks the model. */
export const TRY_EVERY_MS = 1_000;

interface Spell {
  failedAt: number;
  /** The model is not asked before; null unless it did not answer in time. */
  askAgainAt: number | null;
}

/** No model has failed at first. */
export function degradation(deps: DegradationDeps): Degradation {
  const { log, monotonicMs, onChange, meanwhile = 'stored scores and rules do' } = deps;
  const spells = new Map<string, Spell>();
  return {
    mayAsk(modelId) {
      const spell = spells.get(modelId);
      if (!spell || spell.askAgainAt === null) return true;
      const now = monotonicMs();
      if (now < spell.askAgainAt) return false;
      spell.askAgainAt = now + TRY_EVERY_MS;
      return true;
    },
    failed({ id, name }, error) {
      const now = monotonicMs();
      const late = error.code === 'DEADLINE_EXCEEDED';
      const present = spells.get(id);
      const askAgainAt = late ? now + TRY_EVERY_MS : (present?.askAgainAt ?? null);
      spells.set(id, { failedAt: now, askAgainAt });
      if (present) return;
      log.warn({ err: error, model: name }, `a model cannot answer: ${meanwhile}`);
      onChange?.({ modelId: id, degraded: true, why: error.message });
    },
    answered({ id, name }) {
      const spell = spells.get(id);
      if (!spell) return;
      spell.askAgainAt = null;
      if (monotonicMs() - spell.failedAt < CALM_MS) return;
      spells.delete(id);
      log.info({ model: name }, 'a model answers again');
      onChange?.({ modelId: id, degraded: false, why: null });
    },
    isDegraded: (modelId) => spells.has(modelId),
  };
}

const OF_THE_MODEL: ReadonlySet<string> = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'INTERNAL']);

/** Whether the model failed, and not who asked: then somebody else may answer in its place. */
export function isModelFailure(error: unknown, signal?: AbortSignal): error is AppError {
  return error instanceof AppError && OF_THE_MODEL.has(error.code) && signal?.aborted !== true;
}
