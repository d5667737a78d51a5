import { describe, expect, it } from 'vitest';
import { referenceOf } from '../../../src/model/judge/reference.js';

/** Tables of categories alone: value `v<k>` of every input in `counts[k]` rows. */
function categories(inputs: number, counts: readonly number[]) {
  const column = counts.flatMap((count, k) => new Array<string>(count).fill(`v${k}`));
  const names = Array.from({ length: inputs }, (_, input) => `input_${input}`);
  return {
    table: {
      rows: column.length,
      numericNames: [],
      numeric: new Float32Array(0),
      categoricalNames: names,
      categorical: column.flatMap((value) => names.map(() => value)),
    },
    rows: [...column.keys()],
  };
}

describe('the categories of a record', () => {
  it('are those of at least five rows: what only a few customers have is not kept beyond them', () => {
    const { table, rows } = categories(1, [6, 5, 4, 1]);
    expect(referenceOf(table, rows)[0]?.categories).toEqual([
      { value: 'v0', share: 6 / 16 },
      { value: 'v1', share: 5 / 16 },
    ]);
  });

  it.each([
    [1, 100],
    [20, 100],
    [200, 25],
    [6_000, 1],
  ])('of %d inputs with 150 categories each are the %d most frequent', (inputs, kept) => {
    const { table, rows } = categories(
      inputs,
      Array.from({ length: 150 }, () => 5),
    );
    const found = referenceOf(table, inputs > 200 ? rows.slice(0, 10) : rows);
    const sizes = new Set(found.map((each) => each.categories?.length));
    expect([...sizes]).toEqual([inputs > 200 ? Math.min(kept, 2) : kept]);
  });
});
