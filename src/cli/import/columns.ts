import { AppError } from '../../kernel/error.js';
import type { Cell } from './cell.js';

/** Fetches one column's cell from a row. */
export type CellGetter = (cells: readonly Cell[]) => Cell;

/** The columns of an opened file. */
export interface Columns {
  /** Names in file order. A file of JSON lines may grow more while it is read. */
  readonly names: readonly string[];
  /** Exact name first, then the name in another case when that is unique; null when there is none. */
  find(name: string): CellGetter | null;
  /** Asks, before rows are read, for the line of the file that each begins on; absent where rows have none. */
  lines?(): CellGetter;
}

/** The columns of a table with fixed names. */
export function fixedColumns(names: readonly string[]): Columns {
  return {
    names,
    find(name) {
      const index = indexOf(names, name);
      return index === null ? null : (cells) => cells[index] ?? null;
    },
  };
}

/** The place of `name`, exact or in another case when unique. */
export function indexOf(names: readonly string[], name: string): number | null {
  const exact = names.indexOf(name);
  if (exact >= 0) return exact;
  const lower = name.toLowerCase();
  const similar = names.flatMap((other, i) => (other.toLowerCase() === lower ? [i] : []));
  return similar.length === 1 ? (similar[0] ?? null) : null;
}

/** Edit distance with adjacent swaps (optimal string alignment). Cost: O(a * b). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(
        (previous[j] ?? 0) + 1,
        (current[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      current.push(best);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** Up to three names close to `name`, closest first. */
export function nearNames(name: string, names: readonly string[]): string[] {
  const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  const wanted = plain(name);
  return names
    .map((other) => {
      const candidate = plain(other);
      const contains =
        wanted.length > 2 && (candidate.includes(wanted) || wanted.includes(candidate));
      return { other, far: contains && candidate.length > 2 ? 1 : distance(wanted, candidate) };
    })
    .filter(
      ({ other, far }) => far <= Math.max(1, Math.floor(Math.min(wanted.length, other.length) / 3)),
    )
    .sort((a, b) => a.far - b.far)
    .slice(0, 3)
    .map(({ other }) => other);
}

/** The sentence for a column that is not there. */
export function unknownColumn(name: string, names: readonly string[], where: string): string {
  const near = nearNames(name, names);
  const shown = names.slice(0, 30).join(', ') + (names.length > 30 ? ', …' : '');
  return `${where}: there is no column "${name}"${near.length > 0 ? `; did you mean ${near.map((n) => `"${n}"`).join(' or ')}?` : ''} (columns: ${shown})`;
}

/** Collects every problem of a mapping, to be told all at once. */
export class Problems {
  private readonly found: string[] = [];

  /** Runs `work`; an AppError becomes a problem and `null` the answer. */
  attempt<T>(work: () => T): T | null {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.add(error.message);
      return null;
    }
  }

  add(problem: string): void {
    if (!this.found.includes(problem)) this.found.push(problem);
  }

  /** @throws AppError INVALID with every problem, one a line */
  check(): void {
    if (this.found.length === 0) return;
    throw new AppError(
      'INVALID',
      this.found.length === 1
        ? (this.found[0] ?? '')
        : `${this.found.length} problems:\n${this.found.map((p) => `  - ${p}`).join('\n')}`,
    );
  }
}
