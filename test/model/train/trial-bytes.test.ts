import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldsOf, foldsOfSearch, searchInput } from '../../../src/model/train/fold-data.js';
import {
  foldBytes,
  packOutcomes,
  packSearch,
  unpackOutcomes,
  unpackSearch,
} from '../../../src/model/train/trial-bytes.js';
import { defaultTrainingOptions } from '../../../src/model/train/training.js';
import type { TrialOutcome } from '../../../src/model/train/trial.js';
import { madeTable } from '../../support/made-tables.js';

const options = { ...defaultTrainingOptions, folds: 3 };
const words = ['', 'a', 'ä', '日本', 'a longer word', '\u0000'];

const search = fc
  .record({
    rows: fc.integer({ min: 0, max: 20 }),
    numbers: fc.integer({ min: 0, max: 3 }),
    texts: fc.integer({ min: 0, max: 3 }),
  })
  .chain(({ rows, numbers, texts }) =>
    fc.record({
      numeric: fc.array(fc.float(), { minLength: rows * numbers, maxLength: rows * numbers }),
      categorical: fc.array(fc.constantFrom(...words), {
        minLength: rows * texts,
        maxLength: rows * texts,
      }),
      labels: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: rows, maxLength: rows }),
      shape: fc.constant({ rows, numbers, texts }),
    }),
  )
  .map(({ numeric, categorical, labels, shape: { rows, numbers, texts } }) => ({
    table: {
      rows,
      numericNames: Array.from({ length: numbers }, (_, j) => `n${String(j)}`),
      numeric: Float32Array.from(numeric),
      categoricalNames: Array.from({ length: texts }, (_, j) => `c ${String(j)} ß`),
      categorical,
    },
    labels: Uint8Array.from(labels),
    options,
  }));

const float = fc.double();
const outcome = fc.record({
  seconds: float,
  scores: fc.array(
    fc.record({
      margins: fc.float64Array({ maxLength: 12 }),
      curve: fc.float64Array({ maxLength: 4 }),
      logLoss: float,
      auc: float,
    }),
    { maxLength: 3 },
  ),
});

describe('the data of a search', () => {
  test('any table with its labels and options comes back as it was, missing values too', () => {
    fc.assert(
      fc.property(search, (input) => {
        expect(unpackSearch(packSearch(input))).toEqual(input);
      }),
    );
  });

  test('its numbers are views of the shared memory, not copies', () => {
    const bytes = packSearch({ ...madeTable(100), options });
    expect(unpackSearch(bytes).table.numeric.buffer).toBe(bytes.buffer);
  });

  test('the folds take four bytes a row, column and fold, a column a word', () => {
    // risk and noise; basic, plus and pro; Rome, Oslo and none
    expect(foldBytes(packSearch({ ...madeTable(100), options }))).toBe(4 * 100 * (2 + 3 + 3) * 3);
  });

  test('folds made of it are those of the whole input', () => {
    const input = { ...madeTable(400), options };
    const elsewhere = foldsOfSearch(unpackSearch(packSearch(searchInput(input))));
    const data = (folds: ReturnType<typeof foldsOf>) =>
      folds.map(({ encoding, train, validation, positions }) => ({
        ...{ encoding, train, validation, positions },
      }));
    expect(data(elsewhere)).toEqual(data(foldsOf(input)));
  });

  test.each([
    ['is empty', (bytes: Uint8Array) => bytes.slice(0, 0), 'it has 0 bytes'],
    ['is cut', (bytes: Uint8Array) => bytes.slice(0, -4), 'it must have'],
    [
      'is something else',
      (bytes: Uint8Array) => bytes.slice().fill(7),
      'its first bytes are not those of one',
    ],
    [
      'is of another version',
      (bytes: Uint8Array) => {
        const other = bytes.slice();
        other[4] = 9;
        return other;
      },
      'version must be 1, got 9',
    ],
  ])('what %s is refused', (_what, change, why) => {
    const bytes = packSearch({ ...madeTable(50), options });
    expect(() => unpackSearch(change(bytes))).toThrow(why);
  });
});

describe('the outcomes of a task', () => {
  test('come back to the bit, whatever the numbers', () => {
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 3 }), (outcomes: TrialOutcome[]) => {
        const bytes = packOutcomes(outcomes);
        const back = unpackOutcomes(bytes);
        expect(back).toEqual(outcomes);
        expect(Buffer.from(packOutcomes(back)).equals(bytes)).toBe(true);
      }),
    );
  });

  test.each([
    ['cut in the middle', (bytes: Uint8Array) => bytes.slice(0, -8), 'an outcome is cut'],
    ['cut in a number', (bytes: Uint8Array) => bytes.slice(0, -1), 'an outcome has 63 bytes'],
    [
      'longer than they say',
      (bytes: Uint8Array) => Uint8Array.from([...bytes, ...new Uint8Array(8)]),
      'an outcome is longer than what it holds',
    ],
  ])('%s are refused', (_what, change, why) => {
    const score = { margins: Float64Array.of(1), curve: new Float64Array(0), logLoss: 0.1, auc: 1 };
    const bytes = packOutcomes([{ seconds: 1, scores: [score] }]);
    expect(() => unpackOutcomes(change(bytes))).toThrow(why);
  });
});
