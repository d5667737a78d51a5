import { createHash } from 'node:crypto';
import type { Experiment, Variant } from './experiment.js';

/** 13 hexadecimal digits are 52 bits, which every language with doubles divides exactly. */
const DIGITS = 13;
const RANGE = 2 ** (4 * DIGITS);

/**
 * The place of a text on [0, 1): the first 13 hexadecimal digits of its SHA-256 over 16^13. UTF-8; the same in every
 * process, on every day, in every language: docs/experiments.md has test vectors.
 */
export function hashShare(text: string): number {
  const digest = createHash('sha256').update(text, 'utf8').digest('hex');
  return parseInt(digest.slice(0, DIGITS), 16) / RANGE;
}

/**
 * The arm of a customer, or null: held out, or not among the traffic. Three independent draws: the holdout is the same
 * customers in every experiment, a larger traffic share keeps who was in, and arms do not depend on either.
 * @param externalId the customer's key in the CRM
 */
export function variantFor(
  {
    key,
    variants,
    trafficShare,
    holdoutShare,
  }: Pick<Experiment, 'key' | 'variants' | 'trafficShare' | 'holdoutShare'>,
  externalId: string,
): Variant | null {
  if (holdoutShare > 0 && hashShare(`holdout:${externalId}`) < holdoutShare) return null;
  if (trafficShare < 1 && hashShare(`traffic:${key}:${externalId}`) >= trafficShare) return null;
  const total = variants.reduce((sum, { weight }) => sum + weight, 0);
  const at = hashShare(`variant:${key}:${externalId}`) * total;
  let below = 0;
  for (const variant of variants) {
    below += variant.weight;
    if (at < below) return variant;
  }
  return variants.at(-1) ?? null;
}
