import { nameOfAlgorithm, type ChoiceAlgorithm } from './choice.js';

/** A candidate that may not be chosen. */
export interface Refused {
  algorithm: Pick<ChoiceAlgorithm, 'name' | 'findsK'>;
  /** Groups found or asked for. */
  k: number;
  reason: string;
}

const NUMBER = /\d+(?:,\d{3})*(?:\.\d+)?/g;

/**
 * Why there is nothing to choose, for people: "no grouping can be chosen of 28: k-means, Ward with 2..15 groups: …".
 * Reasons that differ in their numbers alone are told once, with those numbers as ranges.
 */
export function noneLeft(refused: readonly Refused[]): RangeError {
  const alike = groupBy(
    refused,
    ({ algorithm, reason }) => `${algorithm.name} ${reason.replace(NUMBER, '#')}`,
  ).map((some) => {
    const [first] = some;
    const ks = first?.algorithm.findsK ? [] : some.map(({ k }) => k);
    const reason = inOne(some.map((each) => each.reason));
    return { name: first ? nameOfAlgorithm(first.algorithm.name) : '', groups: wordOf(ks), reason };
  });
  const told = groupBy(alike, ({ groups, reason }) => `${groups} ${reason}`).map((some) => {
    const names = some.map(({ name }) => name).join(', ');
    return `${names}${some[0]?.groups ?? ''}: ${some[0]?.reason ?? ''}`;
  });
  return new RangeError(`no grouping can be chosen of ${refused.length}: ${told.join('; ')}`);
}

/** " with 2..5, 7 groups"; '' for none. */
function wordOf(ks: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const k of [...ks].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && k <= last[1] + 1) last[1] = k;
    else runs.push([k, k]);
  }
  if (runs.length === 0) return '';
  const listed = runs.map(([from, to]) => (from === to ? `${from}` : `${from}..${to}`)).join(', ');
  return ` with ${listed} ${listed === '1' ? 'group' : 'groups'}`;
}

/** Sentences that differ in their numbers as one, with the least and the largest of each. */
function inOne(reasons: readonly string[]): string {
  const numbers = reasons.map((reason) => reason.match(NUMBER) ?? []);
  let at = -1;
  return (reasons[0] ?? '').replace(NUMBER, () => {
    at += 1;
    const ascending = numbers
      .map((own) => own[at] ?? '')
      .sort((a, b) => Number(a.replaceAll(',', '')) - Number(b.replaceAll(',', '')));
    const [least = '', largest = ''] = [ascending[0], ascending.at(-1)];
    return least === largest ? least : `${least}..${largest}`;
  });
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups.values()];
}
