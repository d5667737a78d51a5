import { withCounts, zeroCounts } from '../../kernel/count.js';
import type { PersonaTextStore } from './persona-text.store.js';
import type { SegmentNameStore } from './segment-name.store.js';

/** How long a change of a name or a text by another process may go unseen. */
export const PERSONAS_MAX_AGE_MS = 1_000;

/** Names and texts as they were a moment ago, for who asks what a segment is like. */
export interface RecentPersonas {
  /** The stores to write through: what this process changes is seen by it at once. */
  names: SegmentNameStore;
  texts: PersonaTextStore;
  /**
   * As the stores have it, no older than `PERSONAS_MAX_AGE_MS`, whoever changed it. A re-read is shared by all who wait
   * for it, and is on no operation's account.
   */
  recent: Pick<SegmentNameStore, 'ofModels'> & Pick<PersonaTextStore, 'ofLocales'>;
}

/** Remembers what people edit; who edits it reads `names` and `texts`. */
export function recentPersonas(
  { names, texts }: { names: SegmentNameStore; texts: PersonaTextStore },
  monotonicMs: () => number,
): RecentPersonas {
  const namesOf = shortMemory((modelId: string) => names.ofModels([modelId]), monotonicMs);
  const textsIn = shortMemory((list: string) => texts.ofLocales(list.split(' ')), monotonicMs);
  return {
    names: {
      ...names,
      add: (...asked) => namesOf.forgetting(names.add(...asked)),
      rename: (...asked) => namesOf.forgetting(names.rename(...asked)),
    },
    texts: {
      ...texts,
      seed: (...asked) => textsIn.forgetting(texts.seed(...asked)),
      upsert: (...asked) => textsIn.forgetting(texts.upsert(...asked)),
      remove: (...asked) => textsIn.forgetting(texts.remove(...asked)),
    },
    recent: {
      ofModels: async (modelIds) => (await Promise.all(modelIds.map(namesOf.of))).flat(),
      ofLocales: (locales) =>
        locales.length === 0 ? Promise.resolve([]) : textsIn.of(locales.join(' ')),
    },
  };
}

/** Keys remembered at the same time: anybody may ask in any language. */
const MOST_KEYS = 32;

function shortMemory<T>(read: (key: string) => Promise<T>, monotonicMs: () => number) {
  // the age counts from before the statement: what committed before `readAtMs` is in it
  const known = new Map<string, { readAtMs: number; value: Promise<T> }>();
  return {
    of: (key: string): Promise<T> => {
      const readAtMs = monotonicMs();
      const held = known.get(key);
      if (held && readAtMs - held.readAtMs < PERSONAS_MAX_AGE_MS) return held.value;
      if (known.size >= MOST_KEYS) known.clear();
      const mine = { readAtMs, value: withCounts(zeroCounts(), () => read(key)) };
      known.set(key, mine);
      // a failure is told to those who wait and not kept
      mine.value.catch(() => {
        if (known.get(key) === mine) known.delete(key);
      });
      return mine.value;
    },
    /** What is read while the work is under way is not kept either. */
    forgetting: async <R>(work: Promise<R>): Promise<R> => {
      try {
        return await work;
      } finally {
        known.clear();
      }
    },
  };
}
