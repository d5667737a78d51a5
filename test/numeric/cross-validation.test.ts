import { describe, expect, test } from 'vitest';
import { stratifiedFolds } from '../../src/numeric/cross-validation.js';

describe('stratified folds', () => {
  const labels = Uint8Array.from({ length: 1003 }, (_, i) => (i % 7 === 0 ? 1 : 0));

  test('every fold has its share of rows and of each class, to one row', () => {
    const folds = stratifiedFolds(labels, 5, 1);
    for (const keep of [[0], [1], [0, 1]]) {
      const counts = [0, 1, 2, 3, 4].map(
        (fold) => labels.filter((label, i) => folds[i] === fold && keep.includes(label)).length,
      );
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
  });

  test('the same seed deals the same folds, another seed others', () => {
    expect(stratifiedFolds(labels, 5, 7)).toEqual(stratifiedFolds(labels, 5, 7));
    expect(stratifiedFolds(labels, 5, 7)).not.toEqual(stratifiedFolds(labels, 5, 8));
  });

  test('fewer rows of a class than folds are refused with both numbers', () => {
    expect(() => stratifiedFolds(Uint8Array.of(1, 1, 0, 0, 0), 3, 1)).toThrow(
      'each class must have >= 3 rows (one a fold), class 1 has 2',
    );
  });
});
