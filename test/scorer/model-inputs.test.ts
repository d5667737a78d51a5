import { describe, expect, it } from 'vitest';
import type { FeatureTable } from '../../src/numeric/table.js';
import { checkTable } from '../../src/scorer/model-inputs.js';
import type { ModelInputs } from '../../src/scorer/model-inputs.js';

const inputs: ModelInputs = {
  numericNames: ['recency', 'frequency'],
  categoricalNames: ['plan'],
  numericCount: 2,
  categoricalCount: 1,
  explainable: true,
  segments: null,
};

const table: FeatureTable = {
  rows: 2,
  numericNames: ['recency', 'frequency'],
  numeric: new Float32Array(4),
  categoricalNames: ['plan'],
  categorical: ['a', 'b'],
};

describe('checkTable', () => {
  it('takes a table with the same columns in the same order', () => {
    expect(() => {
      checkTable(inputs, table);
    }).not.toThrow();
  });

  it.each<[string, Partial<FeatureTable>, string]>([
    ['missing', { numericNames: ['recency'] }, 'the numeric column "frequency" is missing'],
    [
      'out of place',
      { numericNames: ['frequency', 'recency'] },
      'numeric column 1 must be "recency", got "frequency"',
    ],
    [
      'unknown',
      { numericNames: ['recency', 'frequency', 'height'] },
      'the model has no numeric column "height"',
    ],
    ['of the wrong kind', { categoricalNames: [] }, 'the categorical column "plan" is missing'],
    ['cut short', { numeric: new Float32Array(3) }, 'numeric must hold 4 values, got 3'],
    ['too long', { categorical: ['a', 'b', 'c'] }, 'categorical must hold 2 values, got 3'],
    ['of half a row', { rows: 1.5 }, 'rows must be an integer >= 0, got 1.5'],
  ])('refuses a column that is %s', (_, change, message) => {
    expect(() => {
      checkTable(inputs, { ...table, ...change });
    }).toThrow(expect.objectContaining({ code: 'INVALID', message }));
  });

  it('holds a foreign model to the number of columns', () => {
    const foreign = { ...inputs, numericNames: null, categoricalNames: null };
    expect(() => {
      checkTable(foreign, table);
    }).not.toThrow();
    expect(() => {
      checkTable({ ...foreign, numericCount: 3 }, table);
    }).toThrow('the model takes 3 numeric columns, got 2');
  });
});
