import { describe, expect, test } from 'vitest';
import { binMatrix, LARGEST_FLOAT32 } from '../../src/numeric/binning.js';
import { GRADIENT_UNIT } from '../../src/numeric/gradients.js';
import { createGrower, type GrownTree, type RunGrowth } from '../../src/numeric/grower.js';
import { createGrowth, createGrowthTasks, type GrowLimits } from '../../src/numeric/growth.js';
import type { DesignMatrix } from '../../src/numeric/table.js';
import { uniformAt } from '../support/synthetic.js';

const limits: GrowLimits = {
  l2: 1,
  minGain: 0,
  minChildWeight: 0,
  minRowsInLeaf: 1,
  monotone: null,
  maxDepth: 6,
  maxLeaves: 64,
};

function grown(
  x: DesignMatrix,
  gradients: readonly number[],
  change: Partial<GrowLimits> = {},
): { tree: GrownTree; rows: Int32Array } {
  const data = binMatrix(x, 255);
  const all = { ...limits, ...change };
  const growth = createGrowth(x.rows, data.columns, data.cellStart[data.columns] ?? 0, all);
  for (let row = 0; row < x.rows; row++) growth.rows[row] = row;
  for (let column = 0; column < data.columns; column++) growth.columns[column] = column;
  gradients.forEach((gradient, row) => (growth.packed[row] = gradient * GRADIENT_UNIT + 1));
  const total = growth.packed.reduce((sum, value) => sum + value, 0);
  const tasks = createGrowthTasks(data, growth, all);
  const run: RunGrowth = (kind, count) => {
    for (let task = 0; task < count; task++) tasks[kind](task);
  };
  const grow = createGrower(data, growth, all, 1, run);
  const scale = { gradientStep: 1, hessianStep: 1 };
  return { tree: grow(x.rows, data.columns, scale, total), rows: growth.rows };
}

function noise(rows: number): { x: DesignMatrix; gradients: number[] } {
  const columns = 6;
  const values = Float32Array.from({ length: rows * columns }, (_, i) => {
    const value = uniformAt(i, 0, 9);
    return i % columns === 5 && value < 0.3 ? NaN : Math.floor(value * 50);
  });
  const gradients = Array.from({ length: rows }, (_, i) =>
    Math.round(uniformAt(i, 1, 9) * 200 - 90),
  );
  return { x: { rows, columns, values }, gradients };
}

/** Each leaf as the sorted rows in it, the list sorted: a tree's partition, however it is numbered. */
function partition(tree: GrownTree, rows: Int32Array): string[] {
  const leaves: string[] = [];
  for (let node = 0; node < tree.nodeCount; node++) {
    if ((tree.feature[node] ?? 0) >= 0) continue;
    leaves.push(Array.from(rows.slice(tree.rowStart[node], tree.rowEnd[node])).join());
  }
  return leaves.sort();
}

describe('grower', () => {
  test('by hand: two splits, rows contiguous and in order, thresholds half way', () => {
    const x = { rows: 4, columns: 1, values: Float32Array.of(4, 1, 3, 1) };
    const { tree, rows } = grown(x, [9, -5, 1, -5]);
    expect(Array.from(rows)).toEqual([1, 3, 2, 0]);
    expect(Array.from(tree.feature.slice(0, tree.nodeCount))).toEqual([0, -1, 0, -1, -1]);
    expect([tree.threshold[0], tree.threshold[2]]).toEqual([2, 3.5]);
    expect([tree.left[0], tree.right[0], tree.left[2], tree.right[2]]).toEqual([1, 2, 3, 4]);
    expect([tree.rowStart[2], tree.rowEnd[2]]).toEqual([2, 4]);
  });

  test('a split of missing against present sends every number left', () => {
    const x = { rows: 4, columns: 1, values: Float32Array.of(1, NaN, 1, NaN) };
    const { tree } = grown(x, [-5, 5, -5, 5]);
    expect(tree.nodeCount).toBe(3);
    expect(tree.threshold[0]).toBe(LARGEST_FLOAT32);
    expect(tree.missingLeft[0]).toBe(0);
  });

  test('every row is where the thresholds of the tree send it', () => {
    const { x, gradients } = noise(500);
    const { tree, rows } = grown(x, gradients);
    expect(tree.nodeCount).toBeGreaterThan(20);
    for (let node = 0; node < tree.nodeCount; node++) {
      const column = tree.feature[node] ?? -1;
      if (column < 0) continue;
      for (let i = tree.rowStart[node] ?? 0; i < (tree.rowEnd[node] ?? 0); i++) {
        const value = x.values[(rows[i] ?? 0) * x.columns + column] ?? 0;
        const isLeft = Number.isNaN(value)
          ? tree.missingLeft[node] === 1
          : value <= (tree.threshold[node] ?? 0);
        expect(i < (tree.rowEnd[tree.left[node] ?? 0] ?? 0)).toBe(isLeft);
      }
    }
  });

  test('the rows of each node keep their order and cover every row once', () => {
    const { x, gradients } = noise(500);
    const { tree, rows } = grown(x, gradients);
    const all = partition(tree, rows).flatMap((leaf) => leaf.split(',').map(Number));
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, row) => row));
    for (const leaf of partition(tree, rows)) {
      const inLeaf = leaf.split(',').map(Number);
      expect(inLeaf).toEqual(inLeaf.toSorted((a, b) => a - b));
    }
  });

  test('best-first and depth-first give the same leaves when maxLeaves does not bind', () => {
    const { x, gradients } = noise(500);
    const deep = grown(x, gradients, { maxDepth: 4, maxLeaves: 16 });
    // 2^10 > 400 leaves: best-first, but min rows stops it long before.
    const rowsBind = { maxDepth: 10, minRowsInLeaf: 60 };
    const first = grown(x, gradients, { ...rowsBind, maxLeaves: 1024 });
    const firstLeaves = partition(first.tree, first.rows);
    const best = grown(x, gradients, { ...rowsBind, maxLeaves: 400 });
    expect(partition(best.tree, best.rows)).toEqual(firstLeaves);
    expect(deep.tree.nodeCount).toBeLessThanOrEqual(31);
  });

  test('maxLeaves keeps the splits with the largest gains', () => {
    const { x, gradients } = noise(500);
    const full = grown(x, gradients, { maxDepth: 3, maxLeaves: 8 }).tree;
    const rootGain = full.gain[0] ?? 0;
    const children = [full.gain[full.left[0] ?? 0] ?? 0, full.gain[full.right[0] ?? 0] ?? 0];
    const three = grown(x, gradients, { maxDepth: 3, maxLeaves: 3 }).tree;
    expect(three.nodeCount).toBe(5);
    const gains = Array.from(three.gain.slice(0, 5)).filter((gain) => gain > 0);
    expect(gains).toEqual([rootGain, Math.max(...children)]);
  });

  test.each([1, 2, 5])('no path has more than maxDepth %d splits', (maxDepth) => {
    const { x, gradients } = noise(300);
    const { tree } = grown(x, gradients, { maxDepth });
    const depthOf = (node: number): number =>
      (tree.feature[node] ?? -1) < 0
        ? 0
        : 1 + Math.max(depthOf(tree.left[node] ?? 0), depthOf(tree.right[node] ?? 0));
    expect(depthOf(0)).toBe(maxDepth);
  });

  test('no leaf has fewer rows than minRowsInLeaf', () => {
    const { x, gradients } = noise(300);
    const { tree } = grown(x, gradients, { minRowsInLeaf: 17 });
    for (let node = 0; node < tree.nodeCount; node++) {
      expect((tree.rowEnd[node] ?? 0) - (tree.rowStart[node] ?? 0)).toBeGreaterThanOrEqual(17);
    }
    expect(tree.nodeCount).toBeGreaterThan(5);
  });
});
