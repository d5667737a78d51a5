import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashShare, variantFor } from '../../src/experiment/assign.js';
import type { Experiment, Variant } from '../../src/experiment/experiment.js';
import { projectRoot } from '../../src/plant/paths.js';

const arm = (key: string, weight: number): Variant => ({
  ...{ key, weight, control: key === 'control', modelVersionId: null, payload: {} },
});
type Assigning = Pick<Experiment, 'key' | 'variants' | 'trafficShare' | 'holdoutShare'>;
const even = (key: string, change: Partial<Assigning> = {}): Assigning => ({
  ...{ key, variants: [arm('control', 1), arm('offer', 1)], trafficShare: 1, holdoutShare: 0 },
  ...change,
});
const small = (key: string): Assigning =>
  even(key, {
    ...{ variants: [arm('control', 2), arm('low', 1), arm('high', 1)] },
    ...{ trafficShare: 0.5, holdoutShare: 0.1 },
  });
const users = (count: number): string[] => Array.from({ length: count }, (_, i) => `user-${i}`);

/** The vectors of docs/experiments.md, computed there with Python's hashlib. */
function vectors(): string[][] {
  const text = fs.readFileSync(path.join(projectRoot, 'docs/experiments.md'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
}

describe('the hash that assigns', () => {
  it('has at least 8 test vectors in the document', () => {
    expect(vectors().length).toBeGreaterThanOrEqual(8);
  });

  it.each(vectors())('%s and %s: as in the document', (key, user, ...expected) => {
    const digits = (text: string): string =>
      (hashShare(text) * 16 ** 13).toString(16).padStart(13, '0');
    const variant = `variant:${key}:${user}`;
    expect([
      digits(`holdout:${user}`),
      digits(`traffic:${key}:${user}`),
      digits(variant),
      hashShare(variant).toFixed(6),
      variantFor(even(key), user)?.key ?? '–',
      variantFor(small(key), user)?.key ?? '–',
    ]).toEqual(expected);
  });

  it('answers the same in two other processes', () => {
    const keys = users(300);
    const program = `
      import { variantFor } from ${JSON.stringify(path.join(projectRoot, 'dist/src/experiment/assign.js'))};
      const [experiment, users] = JSON.parse(process.argv[1]);
      console.log(JSON.stringify(users.map((user) => variantFor(experiment, user)?.key ?? null)));`;
    const elsewhere = (): unknown =>
      JSON.parse(
        execFileSync(
          process.execPath,
          ['--input-type=module', '-e', program, JSON.stringify([small('winback'), keys])],
          { encoding: 'utf8' },
        ),
      );
    const here = keys.map((user) => variantFor(small('winback'), user)?.key ?? null);
    expect(elsewhere()).toEqual(here);
    expect(elsewhere()).toEqual(here);
    expect(new Set(here)).toEqual(new Set([null, 'control', 'low', 'high']));
  });

  it('splits 100,000 customers by the weights, each arm within 3 standard deviations', () => {
    const experiment = even('split', { variants: [arm('control', 5), arm('b', 3), arm('c', 2)] });
    const counts = new Map<string, number>();
    for (const user of users(100_000)) {
      const key = variantFor(experiment, user)?.key ?? '';
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    for (const [key, share] of [
      ['control', 0.5],
      ['b', 0.3],
      ['c', 0.2],
    ] as const)
      expect(Math.abs((counts.get(key) ?? 0) - 100_000 * share)).toBeLessThan(
        3 * Math.sqrt(100_000 * share * (1 - share)),
      );
  });

  it('takes the share of the traffic it was told, within 3 standard deviations', () => {
    const taken = users(100_000).filter((user) =>
      variantFor(even('tenth', { trafficShare: 0.1 }), user),
    );
    expect(Math.abs(taken.length - 10_000)).toBeLessThan(3 * Math.sqrt(100_000 * 0.1 * 0.9));
  });

  it('deals the arms of two experiments independently: a quarter of the customers in each pair', () => {
    const pairs = new Map<string, number>();
    for (const user of users(40_000)) {
      const pair = `${variantFor(even('one'), user)?.key ?? ''} ${variantFor(even('two'), user)?.key ?? ''}`;
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    }
    const sigma = Math.sqrt(40_000 * 0.25 * 0.75);
    for (const count of pairs.values()) expect(Math.abs(count - 10_000)).toBeLessThan(3.5 * sigma);
    expect(pairs.size).toBe(4);
  });

  const share = fc.double({ min: 0.01, max: 1, noNaN: true });
  const weights = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), {
    ...{ minLength: 2, maxLength: 20 },
  });

  it('keeps who is in, in the same arm, when the share of the traffic is raised', () => {
    fc.assert(
      fc.property(fc.string(), share, share, weights, (user, one, other, given) => {
        const variants = given.map((weight, index) => arm(`arm-${index}`, weight));
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        const before = variantFor(even('law', { variants, trafficShare: less }), user);
        if (before)
          expect(variantFor(even('law', { variants, trafficShare: more }), user)).toEqual(before);
      }),
    );
  });

  it('holds the same customers out of every experiment, whatever their traffic and arms', () => {
    const held = (key: string, holdoutShare: number): string[] =>
      users(5_000).filter((user) => variantFor(even(key, { holdoutShare }), user) === null);
    const out = held('one', 0.1);
    expect(Math.abs(out.length - 500)).toBeLessThan(3 * Math.sqrt(5_000 * 0.1 * 0.9));
    expect(held('two', 0.1)).toEqual(out);
    const more = new Set(held('three', 0.3));
    expect(out.every((user) => more.has(user))).toBe(true);
    expect(held('four', 0)).toEqual([]);
  });

  it('gives everybody exactly one arm where all take part', () => {
    fc.assert(
      fc.property(fc.string(), weights, (user, given) => {
        const variants = given.map((weight, index) => arm(`arm-${index}`, weight));
        expect(variants).toContain(variantFor(even('law', { variants }), user));
      }),
    );
  });
});
