import { hash } from 'node:crypto';
import { cellText, RowError, type Cell } from './cell.js';
import type { CellGetter, Columns } from './columns.js';

/** Makes the id of a row; called once a row, in file order. */
export type RowIds = (cells: readonly Cell[], type: string) => string;

/** Ids from columns, several joined by `|` (a `|` inside a part is written `\|`). Throws RowError where all are blank. */
export function columnIds(getters: readonly CellGetter[], names: readonly string[]): RowIds {
  return (cells) => {
    const parts = getters.map((get) => cellText(get(cells)));
    if (parts.every((part) => part === ''))
      throw new RowError(`the row has no id (${names.join(', ')} blank)`);
    if (parts.length === 1) return parts[0] ?? '';
    return parts.map((part) => part.replaceAll('|', '\\|')).join('|');
  };
}

/**
 * Ids from the row's own content: 128 bits of SHA-256 over all its cells and the event type, and, from the second
 * equal row on, `-2`, `-3` …: equal rows of one file are separate events, and the same file gives the same ids again.
 * Memory: about 24 bytes a distinct row (10 M rows: 400 MB at most, while the table doubles).
 */
export function contentIds(columns: Columns, keyed: boolean): RowIds {
  const occurrences = occurrenceCounter();
  return (cells, type) => {
    // One call: a Hash object a row costs three times as much, most of it in the garbage collector.
    const id = hash('sha256', `${content(cells, columns, keyed)}\u0000${type}`).slice(0, 32);
    const times = occurrences(parseInt(id.slice(0, 8), 16), parseInt(id.slice(8, 16), 16));
    return times === 1 ? id : `${id}-${times}`;
  };
}

/** `keyed`: cells go under their names, sorted, so that the order of keys in JSON lines does not matter. */
function content(cells: readonly Cell[], columns: Columns, keyed: boolean): string {
  if (!keyed) return JSON.stringify(cells);
  const entries = columns.names.flatMap((name, i) => {
    const cell = cells[i] ?? null;
    return cell === null ? [] : [[name, cell] as const];
  });
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Counts 64-bit keys in an open-addressing table. Two different rows that share a key (2^-64 each pair) still get distinct ids. */
export function occurrenceCounter(startCapacity = 1 << 12): (low: number, high: number) => number {
  let capacity = startCapacity;
  let used = 0;
  let lows = new Uint32Array(capacity);
  let highs = new Uint32Array(capacity);
  let counts = new Uint32Array(capacity);
  const slotOf = (low: number, high: number): number => {
    let slot = (low ^ Math.imul(high, 0x9e3779b1)) & (capacity - 1);
    while (counts[slot] !== 0 && (lows[slot] !== low || highs[slot] !== high))
      slot = (slot + 1) & (capacity - 1);
    return slot;
  };
  const grow = (): void => {
    const before = { lows, highs, counts };
    capacity *= 2;
    lows = new Uint32Array(capacity);
    highs = new Uint32Array(capacity);
    counts = new Uint32Array(capacity);
    before.counts.forEach((times, i) => {
      if (times === 0) return;
      const slot = slotOf(before.lows[i] ?? 0, before.highs[i] ?? 0);
      lows[slot] = before.lows[i] ?? 0;
      highs[slot] = before.highs[i] ?? 0;
      counts[slot] = times;
    });
  };
  return (low, high) => {
    if (used * 4 > capacity * 3) grow();
    const slot = slotOf(low, high);
    const times = (counts[slot] ?? 0) + 1;
    if (times === 1) {
      lows[slot] = low;
      highs[slot] = high;
      used++;
    }
    counts[slot] = times;
    return times;
  };
}
