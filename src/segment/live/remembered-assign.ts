import { count } from '../../kernel/count.js';
import type { Memberships } from '../../numeric/clusterer.js';
import { pickRows, type FeatureTable } from '../../numeric/table.js';
import type { Assign } from './assess-users.js';

/** What a graph said of one row. */
interface Verdict {
  segment: number;
  probability: Float64Array;
  distance: Float64Array;
}

/**
 * `assign` that does not run the graph for rows it has answered: what a version says depends on the inputs alone, so the
 * key is the artifact and the bits of the row, whoever the customer is, and nothing can be out of date. The rows that
 * are left make one run. The least recently used are forgotten.
 * @param entries rows remembered at most; 0: none
 */
export function rememberedAssign(assign: Assign, entries: number): Assign {
  if (entries <= 0) return assign;
  const known = new Map<string, Verdict>();
  return async (sha256, table, options) => {
    const keys = Array.from({ length: table.rows }, (_, row) => keyOf(sha256, table, row));
    const verdicts = keys.map((key) => {
      const verdict = known.get(key);
      if (!verdict) return null;
      known.delete(key);
      known.set(key, verdict);
      return verdict;
    });
    const open = verdicts.flatMap((verdict, row) => (verdict ? [] : [row]));
    count('cacheHits', table.rows - open.length);
    if (open.length === table.rows) {
      const said = await assign(sha256, table, options);
      open.forEach((row) => known.set(keys[row] ?? '', verdictAt(said, row)));
      forget(known, entries);
      return said;
    }
    const said = open.length > 0 ? await assign(sha256, pickRows(table, open), options) : null;
    open.forEach((row, at) => {
      if (!said) return;
      const verdict = verdictAt(said, at);
      verdicts[row] = verdict;
      known.set(keys[row] ?? '', verdict);
    });
    forget(known, entries);
    return together(verdicts);
  };
}

function forget(known: Map<string, Verdict>, entries: number): void {
  for (const oldest of known.keys()) {
    if (known.size <= entries) return;
    known.delete(oldest);
  }
}

function keyOf(sha256: string, { numericNames, numeric, ...table }: FeatureTable, row: number) {
  const width = numericNames.length;
  const own = numeric.subarray(row * width, (row + 1) * width);
  const bits = Buffer.from(own.buffer, own.byteOffset, own.byteLength).toString('latin1');
  const high = table.categoricalNames.length;
  const texts =
    high > 0 ? JSON.stringify(table.categorical.slice(row * high, (row + 1) * high)) : '';
  return `${sha256}${bits}${texts}`;
}

function verdictAt(
  { segments, segment, probability, distance }: Memberships,
  row: number,
): Verdict {
  return {
    segment: segment[row] ?? 0,
    probability: probability.slice(row * segments, (row + 1) * segments),
    distance: distance.slice(row * segments, (row + 1) * segments),
  };
}

function together(verdicts: readonly (Verdict | null)[]): Memberships {
  const segments = verdicts[0]?.probability.length ?? 0;
  const rows = verdicts.length;
  const answer = {
    segments,
    segment: new Int32Array(rows),
    probability: new Float64Array(rows * segments),
    distance: new Float64Array(rows * segments),
  };
  verdicts.forEach((verdict, row) => {
    if (!verdict) return;
    answer.segment[row] = verdict.segment;
    answer.probability.set(verdict.probability, row * segments);
    answer.distance.set(verdict.distance, row * segments);
  });
  return answer;
}
