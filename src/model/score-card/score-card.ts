import { z } from 'zod';
import { sigmoid } from '../../numeric/metrics.js';

/** An additive card: base points and the points of the bin each input lies in are the margin, in log-odds. */
export const scoreCard = z.object({
  base: z.number(),
  inputs: z.array(
    z.object({
      feature: z.string(),
      /** Upper bounds of the bins, each belonging to its bin, ascending, the last bin open; null for a category. */
      bounds: z.array(z.number()).nullable(),
      categories: z.array(z.string()).nullable(),
      /** One a bin or category, and last the points of a missing value or an unlisted category. */
      points: z.array(z.number()),
    }),
  ),
  /** On the test part; null where it has one class only. */
  auc: z.number().nullable(),
  /** Null without test rows. */
  logLoss: z.number().nullable(),
  /** Share of test rows on which card and model say the same at the threshold; null without test rows. */
  agreement: z.number().nullable(),
});
export type ScoreCard = z.infer<typeof scoreCard>;
export type CardInput = ScoreCard['inputs'][number];

/** A raw input; null is missing. */
export type CardCell = number | string | null;

/** One step of how a card came to its answer. */
export interface CardLine {
  feature: string;
  value: CardCell;
  /** In words: `up to 3`, `over 3, up to 10`, `unknown`. */
  bin: string;
  /** Log-odds. */
  points: number;
}

/** What the card says of a row; `base` plus the points of the lines is the margin. */
export interface CardAnswer {
  probability: number;
  /** The logit of `probability`. */
  margin: number;
  base: number;
  /** In the order of the card's inputs. */
  lines: CardLine[];
}

/**
 * The answer of a card. A number that is NaN, a text where a number belongs and the other way round are
 * missing; every row gets an answer.
 * @param cell the raw value of an input by its name
 */
export function scoreByCard(
  { base, inputs }: Pick<ScoreCard, 'base' | 'inputs'>,
  cell: (feature: string) => CardCell,
): CardAnswer {
  let margin = base;
  const lines = inputs.map((input): CardLine => {
    const value = cell(input.feature);
    const at = binOf(input, value);
    const points = input.points[at] ?? 0;
    margin += points;
    return { feature: input.feature, value, bin: binText(input, at), points };
  });
  return { probability: sigmoid(margin), margin, base, lines };
}

/** Which of `points` holds for a value; the last one is missing or unlisted. */
export function binOf(input: Pick<CardInput, 'bounds' | 'categories' | 'points'>, value: CardCell) {
  const { bounds, categories, points } = input;
  const missing = points.length - 1;
  if (bounds) {
    if (typeof value !== 'number' || Number.isNaN(value)) return missing;
    const at = bounds.findIndex((bound) => value <= bound);
    return at < 0 ? bounds.length : at;
  }
  const at = typeof value === 'string' ? (categories ?? []).indexOf(value) : -1;
  return at < 0 ? missing : at;
}

/** A bin of an input in words. */
export function binText({ bounds, categories, points }: CardInput, at: number): string {
  if (at >= points.length - 1) return bounds ? 'unknown' : 'unknown or another';
  if (!bounds) return `"${categories?.[at] ?? ''}"`;
  const from = bounds[at - 1];
  const to = bounds[at];
  if (from === undefined) return to === undefined ? 'any' : `up to ${numberText(to)}`;
  return to === undefined
    ? `over ${numberText(from)}`
    : `over ${numberText(from)}, up to ${numberText(to)}`;
}

function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
