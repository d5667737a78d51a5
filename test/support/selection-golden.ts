import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { projectRoot } from '../../src/plant/paths.js';
import { uniformAt } from './synthetic.js';

const tested = (name: string) => z.object({ [name]: z.number(), pValue: z.number() });
const pearson = tested('r');
const anova = tested('f');
const chiSquare = tested('statistic');

const golden = z.object({
  specialFunctions: z.record(z.string(), z.array(z.array(z.number()))),
  numbers: z.array(
    z.object({
      rows: z.int(),
      effect: z.number(),
      pearson,
      anova,
      anovaOfThree: anova,
      chiSquare: chiSquare.extend({ degreesOfFreedom: z.int() }),
      cramersV: z.number(),
      chiSquareOfCounts: chiSquare,
      mutualInformationOfCounts: z.number(),
      mutualInformationOfClasses: z.number(),
    }),
  ),
  telco: z.object({
    pearson: z.record(z.string(), pearson),
    anova: z.record(z.string(), anova),
    chiSquare: z.record(z.string(), chiSquare),
    mutualInformation: z.record(z.string(), z.number()),
  }),
});

/** scikit-learn 1.2.1 and scipy 1.10.1; made by test/numeric/selection-golden.py, which says how. */
export const selectionGolden = golden.parse(
  JSON.parse(
    fs.readFileSync(path.join(projectRoot, 'test', 'numeric', 'selection-golden.json'), 'utf8'),
  ),
);

/** The rows of a golden case: `made` of the program that made it. */
export function goldenRows({ rows, effect }: { rows: number; effect: number }) {
  const label = Uint8Array.from({ length: rows }, (_, i) => (uniformAt(i, 0, 7) < 0.4 ? 1 : 0));
  const number = Float64Array.from(label, (y, i) => uniformAt(i, 1, 7) + effect * y);
  const count = number.map((value) => Math.floor(6 * value));
  const third = label.map((y, i) => (uniformAt(i, 2, 7) < 0.5 ? 1 : 0) + y);
  return { label, number, count, third };
}

/** Largest difference as a share of what was expected; p-values below 1e-300 count as 0. */
export function relativeError(actual: number, expected: number): number {
  return Math.abs(actual - expected) / Math.max(Math.abs(expected), 1e-300);
}
