import type { FeatureTable } from './table.js';

/** The 0/1 columns of one categorical input. */
export interface CategoryColumns {
  name: string;
  /** Ascending in code units; '' (missing) is a category like any other. */
  categories: string[];
  /** Share of the rows of each. */
  shares: number[];
  weight: number;
}

/** Categories of one input that get a column; rows of the others are none of them. */
const MAX_PREPARED_CATEGORIES = 50;

/** How the categorical input at `column` becomes 0/1 columns; or why it cannot. Cost: O(rows). */
export function prepareCategories(
  table: FeatureTable,
  column: number,
  weight: number,
): { column: CategoryColumns; treatments: string[] } | { reason: string } {
  const name = table.categoricalNames[column]!;
  const width = table.categoricalNames.length;
  const counts = new Map<string, number>();
  for (let row = 0; row < table.rows; row++) {
    const category = table.categorical[row * width + column]!;
    counts.set(category, (counts.get(category) ?? 0) + 1);
  }
  if (counts.size === 1) {
    const [only] = [...counts.keys()];
    if (only === '' || only === undefined) return { reason: 'has no value in any row' };
    return { reason: `is constant: ${only} in every row` };
  }
  const ascending = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const kept = [...counts]
    .sort((a, b) => b[1] - a[1] || ascending(a[0], b[0]))
    .slice(0, MAX_PREPARED_CATEGORIES)
    .sort((a, b) => ascending(a[0], b[0]));
  const rest = table.rows - kept.reduce((sum, [, count]) => sum + count, 0);
  return {
    column: {
      name,
      categories: kept.map(([category]) => category),
      shares: kept.map(([, count]) => count / table.rows),
      weight,
    },
    treatments: rest === 0 ? [] : [restSentence(name, counts.size, rest / table.rows)],
  };
}

function restSentence(name: string, categories: number, share: number): string {
  return `${name}: the ${MAX_PREPARED_CATEGORIES} most frequent of ${categories.toLocaleString('en-US')} categories count; ${(share * 100).toFixed(1)} % of the rows have another`;
}
