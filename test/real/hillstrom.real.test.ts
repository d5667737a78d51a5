import fs from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../support/selection-golden.js';
import { sharedData } from '../support/shared-data.js';
import {
  augury,
  createKey,
  graphql,
  startSystem,
  temporaryFolder,
  type RunningSystem,
} from '../support/system.js';

const file = sharedData('hillstrom.csv.gz');
const referenceFile = sharedData('reference/abtest_hillstrom.json');
const ARMS = ['No E-Mail', 'Mens E-Mail', 'Womens E-Mail'];

interface OfShares {
  treatment: { x: number; n: number; rate: number };
  difference: number;
  relative_lift: number;
  p: number;
  ci95_difference: { wald: [number, number] };
}
interface OfSpend {
  difference: number;
  welch_p: number;
  ci95: [number, number];
}
interface Reference {
  srm: { p: number };
  comparisons: Record<string, { visit: OfShares; conversion: OfShares; spend: OfSpend }>;
}

/** What `experiments results --json` prints, as far as the test reads it. */
interface Printed {
  results: {
    variants: { variant: { key: string }; users: number; outcomes: number; mean: number }[];
    comparisons: Record<string, unknown>[];
    sampleRatio: { pValue: number; mismatch: boolean };
    decision: string;
    winner: { key: string };
    waitingFor: string[];
  };
}

describe.skipIf(!file || !referenceFile)("Hillstrom's 64,000 customers, by commands alone", () => {
  const folder = temporaryFolder();
  const dataDir = `${folder}/data`;
  let system: RunningSystem;
  let key: string;

  const run = async (...args: string[]): Promise<unknown> => {
    const result = await augury([...args, '--data-dir', dataDir, '--json']);
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    return JSON.parse(result.stdout);
  };
  const load = (kind: string, ...args: string[]): Promise<unknown> =>
    run('import', kind, '--file', file ?? '', ...args);

  beforeAll(async () => {
    system = await startSystem(dataDir, ['--no-demo']);
    key = await createKey(dataDir);
  });
  afterAll(async () => {
    await system.end('SIGTERM');
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('come in with the line as key, with arms and with what they did', async () => {
    const label = 'visit,conversion,spend,segment';
    const users = ['--id', 'line()', '--attribute', 'all', '--except', label];
    expect(await load('users', ...users)).toMatchObject({ accepted: 64_000, rejected: 0 });
    const variants = ARMS.map(
      (arm, at) => `{ key: "${arm}", weight: 1, control: ${String(at === 0)} }`,
    );
    const { data } = await graphql(
      system.url,
      key,
      `mutation { createExperiment(input: { key: "mail", hypothesis: "A mail brings customers back.",
          startsAt: "2008-03-20T00:00:00Z", endsAt: "2008-04-03T00:00:00Z", variants: [${variants.join(' ')}],
          primaryMetric: "share:visit", guardrails: ["share:conversion", "sum:purchase"] }) {
          experiment { status } userErrors { message } } }`,
    );
    expect(data.createExperiment).toEqual({ experiment: { status: 'DRAFT' }, userErrors: [] });
    const arms = ['--experiment', 'mail', '--user', 'line()', '--variant', 'segment'];
    expect(await load('assignments', ...arms, '--at', '2008-03-20')).toMatchObject({
      ...{ accepted: 64_000, rejected: 0 },
    });
    // what they spent in the year before is of a type of its own, and adjusts nothing
    const before = ['--at', '2008-03-01', '--type', 'year_before', '--value', 'history'];
    expect(await load('events', '--user', 'line()', ...before)).toMatchObject({ accepted: 64_000 });
    for (const [type, where, count, ...more] of [
      ["'visit'", 'visit=1', 9_394],
      ["'conversion'", 'conversion=1', 578],
      ['purchase', 'spend>0', 578, '--value', 'spend'],
    ] as const)
      expect(
        await load(
          ...(['events', '--user', 'line()', '--at', '2008-03-21', '--type', type] as const),
          ...['--where', where, '--id', 'line()', '--source', `mail-${where[0] ?? ''}`, ...more],
        ),
      ).toMatchObject({ accepted: count, rejected: 0 });
  }, 300_000);

  it('show what the reference shows, to 1e-6', async () => {
    const reference = JSON.parse(fs.readFileSync(referenceFile ?? '', 'utf8')) as Reference;
    const { results } = (await run('experiments', 'results', 'mail')) as Printed;
    const close = (actual: unknown, expected: number): void => {
      expect(relativeError(Number(actual), expected)).toBeLessThan(1e-6);
    };
    const of = (metric: string, arm: string): Record<string, unknown> =>
      results.comparisons.find(
        (each) => each['metric'] === metric && (each['treatment'] as { key: string }).key === arm,
      ) ?? {};
    for (const arm of ARMS.slice(1)) {
      const expected = reference.comparisons[`${arm} vs No E-Mail`];
      if (!expected) throw new Error(`no reference of ${arm}`);
      const { visit, conversion, spend } = expected;
      for (const [metric, own] of [
        ['share:visit', visit],
        ['share:conversion', conversion],
      ] as const) {
        const actual = of(metric, arm);
        close(actual['difference'], own.difference);
        close(actual['relativeLift'], own.relative_lift);
        close(actual['pValue'], own.p);
        close(actual['low'], own.ci95_difference.wald[0]);
        close(actual['high'], own.ci95_difference.wald[1]);
      }
      const spent = of('sum:purchase', arm);
      expect(spent['method']).toBe('Welch t');
      close(spent['difference'], spend.difference);
      close(spent['pValue'], spend.welch_p);
      close(spent['low'], spend.ci95[0]);
      close(spent['high'], spend.ci95[1]);
      const found = results.variants.find(({ variant }) => variant.key === arm);
      expect(found).toMatchObject({ users: visit.treatment.n, outcomes: visit.treatment.x });
      close(found?.mean, visit.treatment.rate);
    }
    close(results.sampleRatio.pValue, reference.srm.p);
    expect(results).toMatchObject({ decision: 'SHIP', winner: { key: 'Mens E-Mail' } });
    expect(results.waitingFor).toEqual([]);
  }, 60_000);
});
