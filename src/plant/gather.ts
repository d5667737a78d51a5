import { count, withCounts, zeroCounts, type Counts } from '../kernel/count.js';
import { isStatementError } from './counted-pool.js';

export interface GatherOptions {
  /** Batches under way at the same time, >= 1. */
  lanes: number;
  /** Calls of one batch at most. */
  most: number;
}

interface Call<In, Out> {
  input: In;
  resolve: (answer: { output: Out; counts: Counts }) => void;
  reject: (error: unknown) => void;
}

/**
 * Puts the calls of different requests together: what is called at the same moment, or while all lanes are
 * busy, goes out as one batch. A call never joins a batch that has left, so a read sees everything that was
 * acknowledged before it. Each caller counts the statements of its batch, as it counts a model run
 * that it shares. A batch that Postgres refuses goes again call by call, so that one call's bad input is
 * its own; a lost connection fails all of them.
 * @param work answers one output an input, in order
 */
export function gather<In, Out>(
  work: (inputs: readonly In[]) => Promise<readonly Out[]>,
  { lanes, most }: GatherOptions,
): (input: In) => Promise<Out> {
  let waiting: Call<In, Out>[] = [];
  let running = 0;
  let planned = false;

  const run = async (calls: readonly Call<In, Out>[]): Promise<void> => {
    const counts = zeroCounts();
    try {
      const outputs = await withCounts(counts, () => work(calls.map(({ input }) => input)));
      calls.forEach(({ resolve }, i) => {
        // one output an input: the callers' contract
        resolve({ output: outputs[i] as Out, counts });
      });
    } catch (error) {
      if (calls.length > 1 && isStatementError(error)) for (const call of calls) await run([call]);
      else for (const { reject } of calls) reject(error);
    }
  };

  const depart = async (): Promise<void> => {
    running += 1;
    const calls = waiting.slice(0, most);
    waiting = waiting.slice(most);
    await run(calls);
    running -= 1;
    plan();
  };

  // after the poll phase: every request that came in by then is on board
  const plan = (): void => {
    if (planned || waiting.length === 0 || running >= lanes) return;
    planned = true;
    setImmediate(() => {
      planned = false;
      while (waiting.length > 0 && running < lanes) void depart();
    });
  };

  return async (input) => {
    const { output, counts } = await new Promise<{ output: Out; counts: Counts }>(
      (resolve, reject) => {
        waiting.push({ input, resolve, reject });
        plan();
      },
    );
    for (const what of ['sql', 'onnxRuns', 'onnxRows', 'cacheHits'] as const)
      if (counts[what] > 0) count(what, counts[what]);
    return output;
  };
}
