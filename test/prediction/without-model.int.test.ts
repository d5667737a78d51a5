import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CALM_MS, TRY_EVERY_MS } from '../../src/prediction/degrade.js';
import { answerByFallback } from '../../src/prediction/fallback.js';
import { tableOf } from '../../src/prediction/input-rows.js';
import { predictUsers } from '../../src/prediction/predict-users.js';
import type { PredictionLoaderDeps } from '../../src/prediction/prediction-loaders.js';
import type { PredictionAnswer } from '../../src/prediction/prediction.js';
import {
  askFor,
  openServingLab,
  scoredOf,
  until,
  type ServingLab,
} from '../support/serving-lab.js';
let lab: ServingLab;

beforeAll(async () => {
  lab = await openServingLab(1000);
});
afterAll(() => lab.close());
afterEach(async () => {
  await lab.database.db.query('truncate prediction');
});

describe('workers that die under load, and whose successors die too', () => {
  it('leave nobody without an answer; rules and stored scores answer until the model does again by itself', async () => {
    const { deps, changes, passes, sources } = lab.setting();
    const known = lab.scorable.slice(0, 100);
    for (const user of known) await askFor(lab, deps, user); // these have a score to fall back on
    const load = { goesOn: true, failed: [] as unknown[] };
    const told: PredictionAnswer[] = [];
    const one = async (start: number): Promise<void> => {
      for (let i = start; load.goesOn; i += 7)
        try {
          const { answer } = await askFor(lab, deps, lab.scorable[i % 200] ?? 0);
          if (answer) told.push(answer);
        } catch (error) {
          load.failed.push(error);
        }
    };
    const asking = Promise.all(Array.from({ length: 12 }, (_, i) => one(i * 13)));
    const since = (source: string): (() => boolean) => {
      const before = told.length;
      return () => told.slice(before).filter((answer) => answer.source === source).length >= 100;
    };
    await until(since('MODEL'));
    await lab.kill();
    await until(since('RULES'));
    await until(since('CACHE'));
    lab.revive();
    await until(() => lab.scorer.stats().workers === 2);
    await until(since('MODEL'));
    load.goesOn = false;
    await asking;
    expect(load.failed).toEqual([]);

    passes(CALM_MS);
    expect(scoredOf((await askFor(lab, deps, lab.scorable[0] ?? 0)).answer)?.source).toBe('MODEL');
    expect(changes.map(({ degraded }) => degraded)).toEqual([true, false]);

    const scored = told.flatMap((answer) => scoredOf(answer) ?? []);
    const rules = scored.filter(({ source }) => source === 'RULES');
    const stored = await lab.database.db.query<{ source: string; n: number }>(
      'select source::text, count(*)::int as n from prediction group by 1 order by 1',
    );
    const written = new Map(stored.map(({ source, n }) => [source, n]));
    expect(written.get('RULES')).toBe(rules.length);
    expect([...written.keys()].sort()).toEqual(['MODEL', 'RULES']);
    expect(sources.get('RULES')).toBe(rules.length);
    const tally = deps.tally.of(lab.production().model.id);
    expect(tally).toMatchObject({ failed: 0, fromCache: 0, fromRules: rules.length });
    expect(tally.fromLast).toBe(scored.filter(({ source }) => source === 'CACHE').length);

    const served = lab.production();
    for (const { inputs, probability, modelVersionId } of rules) {
      expect(modelVersionId).toBe(served.version.id);
      expect(answerByFallback(served, inputs)?.probability).toBe(probability);
    }
    const byModel = scored.filter(({ source }) => source !== 'RULES').slice(-500);
    const again = await lab.scorer.score(
      served.version.artifactSha256,
      tableOf(
        served.inputs,
        byModel.map(({ inputs }) => inputs),
      ),
    );
    byModel.forEach(({ probability }, i) =>
      expect(again.probability[i]).toBeCloseTo(probability, 12),
    );
  });
});

it('a worker that hangs holds up one question a second, and is asked again until it answers', async () => {
  let calls = 0;
  const counted: PredictionLoaderDeps['scorer'] = {
    score: (...args) => {
      calls++;
      return lab.scorer.score(...args);
    },
    explain: () => Promise.resolve(null),
  };
  const { deps, passes } = lab.setting({ scorer: counted, scoreWithinMs: 100 });
  lab.hang(true);
  const answers = [];
  for (const user of lab.scorable.slice(20, 40))
    answers.push((await askFor(lab, deps, user)).answer);
  const scored = answers.flatMap((answer) => scoredOf(answer) ?? []);
  expect(scored.length).toBeGreaterThan(10);
  expect(new Set(scored.map(({ source }) => source))).toEqual(new Set(['RULES']));
  expect(calls).toBeLessThanOrEqual(scored.length / 2);
  lab.hang(false);
  await until(async () => {
    passes(TRY_EVERY_MS);
    return scoredOf((await askFor(lab, deps, lab.scorable[20] ?? 0)).answer)?.source === 'MODEL';
  });
});

it('a thousand questions at once come to far fewer model runs, and health tells so', async () => {
  const { deps } = lab.setting();
  // a run that a test before gave up on may still come to its end, and would be counted here
  await until(async () => {
    const { rows } = lab.scorer.stats();
    await new Promise((resolve) => setTimeout(resolve, 300));
    return lab.scorer.stats().rows === rows;
  });
  const before = lab.scorer.stats();
  const question = (userId: number) => ({
    served: lab.production(),
    asOf: lab.clock.now(),
    maxStalenessSeconds: null,
    users: [{ userId, overrides: [] }],
  });
  const all = await Promise.all(
    lab.users.map((userId) => predictUsers(deps, question(userId), new AbortController().signal)),
  );
  expect(all).toHaveLength(lab.users.length);
  const after = lab.scorer.stats();
  const requests = after.requests - before.requests;
  expect(requests).toBeGreaterThan(900);
  expect(after.rows - before.rows).toBe(requests);
  expect(after.runs - before.runs).toBeLessThan(requests / 5);
  console.log(`${requests} questions at once: ${after.runs - before.runs} ONNX runs`);
  const { batching } = await lab.health(deps);
  const now = lab.scorer.stats(); // with the probe
  expect(batching).toEqual({
    requests: now.requests,
    runs: now.runs,
    rowsPerRun: now.rows / now.runs,
    runsPer1000Requests: (1_000 * now.runs) / now.requests,
  });
});
