import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { composeFeatureReading } from '../../src/compose-models.js';
import { inputTable } from '../../src/model/model-inputs.js';
import type { ServedModel } from '../../src/model/serving.js';
import { cellOf } from '../../src/prediction/input-rows.js';
import { ShadowResolver } from '../../src/prediction/shadow.resolver.js';
import { shadowStore } from '../../src/prediction/shadow.store.js';
import { shadowQuestions, type ShadowDeps } from '../../src/prediction/shadow.js';
import { addVersion, plainLogistic } from '../support/added-version.js';
import { listLog } from '../support/scorer.js';
import {
  askFor,
  openServingLab,
  requestContext,
  scoredOf,
  until,
  type ServingLab,
} from '../support/serving-lab.js';

let lab: ServingLab;
/** Takes what production takes; and one that takes what production does not. */
let subset: string;
let other: string;
let otherName: string;

const WEIGHTS = [0.05, -0.4];
const SUBSET = ['days_since_last_purchase', 'purchase_count_30d'];
const logit = (a: number | null, b: number | null): number =>
  WEIGHTS[0]! * (a ?? 0) + WEIGHTS[1]! * (b ?? 0) - 0.5;
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

beforeAll(async () => {
  lab = await openServingLab(150);
  const { db } = lab.database;
  subset = await addVersion(db, plainLogistic(SUBSET, WEIGHTS, -0.5), 0.4);
  const taken = new Set(lab.production().features.map(({ name }) => name));
  const approved = await composeFeatureReading(db).approved();
  const spare = approved.filter(({ name, type }) => type === 'NUMERICAL' && !taken.has(name));
  otherName = spare[0]?.name ?? '';
  other = await addVersion(db, plainLogistic([otherName], [0.01], 0.1), 0.5);
});
afterAll(() => lab.close());
afterEach(async () => {
  await lab.database.db.query('truncate prediction, shadow_score');
});

async function putInShadow(version: string | null): Promise<ServedModel | null> {
  const { db } = lab.database;
  await db.query(`update model_version set stage = 'CANDIDATE' where stage = 'SHADOW'`);
  await db.query(`update model_version set stage = 'SHADOW' where id = $1`, [version]);
  await lab.serving.refresh();
  return lab.serving.shadow('churn');
}

function shadows(change: Partial<ShadowDeps> = {}) {
  const store = shadowStore(lab.database.db);
  const log = listLog();
  const shadow = shadowQuestions({
    serving: lab.serving,
    readFeatures: composeFeatureReading(lab.database.db).read,
    scorer: lab.scorer,
    write: store.write,
    clock: lab.clock,
    log,
    ...change,
  });
  return { store, shadow, log, deps: lab.setting({ shadow }).deps };
}

interface Stored {
  id: number;
  user: number;
  probability: number;
  threshold: number;
  answered: number;
  positive: boolean;
}
const stored = () =>
  lab.database.db.query<Stored>(
    `select prediction_id as id, user_id as user, probability, threshold, answered, answered_positive as positive
     from shadow_score order by prediction_id`,
  );

describe('a version in shadow', () => {
  it('is asked what production was asked, never answers, and its report equals a recount', async () => {
    const served = await putInShadow(subset);
    expect(served?.version.id).toBe(subset);
    const { deps, shadow, store } = shadows();
    const answers = [];
    for (const user of lab.scorable.slice(0, 60))
      answers.push(scoredOf((await askFor(lab, deps, user)).answer));
    await shadow.idle();
    const production = lab.production();
    expect(new Set(answers.map((answer) => answer?.modelVersionId))).toEqual(
      new Set([production.version.id]),
    );
    const rows = await stored();
    expect(rows.map(({ id }) => id)).toEqual(answers.map((answer) => answer?.ledgerId));
    for (const [i, row] of rows.entries()) {
      const answer = answers[i];
      if (!answer) throw new Error('not scored');
      const [a, b] = SUBSET.map((name) => cellOf(answer.inputs, production.inputs, name));
      expect(row.probability).toBeCloseTo(sigmoid(logit(Number(a), Number(b))), 5);
      expect(row).toMatchObject({
        user: answer.userId,
        threshold: 0.4,
        answered: answer.probability,
        positive: answer.probability >= answer.threshold,
      });
    }
    const resolver = new ShadowResolver({ agreement: store.agreement, losses: shadow.of });
    const report = await resolver.shadowReport({ key: subset } as never, requestContext(lab.clock));
    const disagreements = rows.filter((row) => row.probability >= 0.4 !== row.positive).length;
    const mean = (values: number[]): number =>
      values.reduce((sum, x) => sum + x, 0) / values.length;
    const [x, y] = [rows.map((row) => row.probability), rows.map((row) => row.answered)];
    const [mx, my] = [mean(x), mean(y)];
    const covariance = mean(x.map((each, i) => (each - mx) * ((y[i] ?? 0) - my)));
    const deviation = (values: number[], m: number): number =>
      Math.sqrt(mean(values.map((each) => (each - m) ** 2)));
    expect(report).toMatchObject({
      predictions: 60,
      disagreements,
      disagreementShare: disagreements / 60,
      dropped: 0,
      errors: 0,
    });
    expect(report?.meanAbsoluteDifference).toBeCloseTo(
      mean(x.map((p, i) => Math.abs(p - (y[i] ?? 0)))),
      12,
    );
    expect(report?.correlation).toBeCloseTo(covariance / (deviation(x, mx) * deviation(y, my)), 9);
    expect(disagreements).toBeGreaterThan(0);
  });

  it('that takes other features reads them as of the same instants', async () => {
    await putInShadow(other);
    const instants: number[] = [];
    const { read } = composeFeatureReading(lab.database.db);
    const { deps, shadow } = shadows({
      readFeatures: (request) => {
        instants.push(request.asOf.getTime());
        return read(request);
      },
    });
    const asOf = [new Date(lab.clock.now().getTime() - 86_400_000), lab.clock.now()];
    const answers = await Promise.all(
      lab.scorable
        .slice(0, 20)
        .map((user, i) => askFor(lab, deps, user, { asOf: asOf[i % 2] ?? new Date() })),
    );
    await shadow.idle();
    expect(new Set(instants)).toEqual(new Set(asOf.map((at) => at.getTime())));
    const served = lab.serving.shadow('churn');
    const rows = await stored();
    expect(rows).toHaveLength(20);
    for (const { answer } of answers) {
      const scored = scoredOf(answer);
      const row = rows.find(({ id }) => id === scored?.ledgerId);
      if (!served || !scored) throw new Error('nothing in shadow');
      const features = await read({
        features: served.features,
        users: [scored.userId],
        asOf: scored.asOf,
      });
      const value = inputTable(features, served.inputs).numeric[0] ?? NaN;
      expect(row?.probability).toBeCloseTo(
        sigmoid(0.01 * (Number.isNaN(value) ? 0 : value) + 0.1),
        5,
      );
    }
  });

  it('is not asked about imagined inputs, stored scores and rules', async () => {
    await putInShadow(subset);
    const { deps, shadow } = shadows();
    const user = lab.scorable[0] ?? 0;
    await askFor(lab, deps, user, { purchases: 4 });
    const down = {
      ...deps,
      scorer: {
        ...deps.scorer,
        score: () => lab.scorer.score('0'.repeat(64), { ...emptyTable }),
      },
    };
    await askFor(lab, down, user);
    await shadow.idle();
    expect(await stored()).toEqual([]);
  });

  it('that fails is counted, logged once a spell, and felt by nobody', async () => {
    await putInShadow(subset);
    const { deps, shadow, log } = shadows({
      scorer: { score: () => Promise.reject(new Error('no memory')) },
    });
    for (const user of lab.scorable.slice(0, 5)) {
      const { answer } = await askFor(lab, deps, user);
      expect(answer?.source).toBe('MODEL');
      await shadow.idle();
    }
    expect(shadow.of(subset)).toEqual({ dropped: 0, errors: 5 });
    expect(log.lines).toHaveLength(1);
    expect(await stored()).toEqual([]);
  });

  it('that is slow drops what waits too long a queue, and answers do not wait for it', async () => {
    await putInShadow(subset);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { deps, shadow } = shadows({
      mostWaiting: 3,
      scorer: {
        score: async (...args) => {
          await held;
          return lab.scorer.score(...args);
        },
      },
    });
    const [first = 0, ...more] = lab.scorable.slice(0, 9);
    await askFor(lab, deps, first);
    await new Promise((resolve) => setTimeout(resolve, 20)); // it is at it
    for (const user of more) expect((await askFor(lab, deps, user)).answer?.source).toBe('MODEL');
    expect(shadow.of(subset)).toEqual({ dropped: 5, errors: 0 });
    release();
    await shadow.idle();
    expect(await stored()).toHaveLength(4);
  });

  it('leaves no trace of who objects or is erased before it was written', async () => {
    await putInShadow(subset);
    const [user = 0, stays = 0] = lab.scorable.slice(20);
    const store = shadowStore(lab.database.db);
    const objects = (consent: boolean) =>
      lab.database.db.query('update customer set consent_profiling = $2 where id = $1', [
        user,
        consent,
      ]);
    const { deps, shadow } = shadows({
      write: async (rows) => {
        await objects(false);
        await store.write([
          ...rows,
          ...rows.map((row) => ({ ...row, userId: 999_999, predictionId: -1 })),
        ]);
      },
    });
    await Promise.all([user, stays].map((id) => askFor(lab, deps, id)));
    await shadow.idle();
    await objects(true);
    expect((await stored()).map((row) => row.user)).toEqual([stays]);
  });

  it('that leaves the shadow is asked no more', async () => {
    await putInShadow(subset);
    expect(await putInShadow(null)).toBeNull();
    const { deps, shadow } = shadows();
    await askFor(lab, deps, lab.scorable[0] ?? 0);
    await shadow.idle();
    expect(await stored()).toEqual([]);
  });

  it('is followed by news of promotions', async () => {
    const [version] = await lab.database.db.query<{ id: string }>(
      `select id from model_version where id = $1`,
      [subset],
    );
    const { errors } = await lab.graph.ask(
      `mutation ($v: ID!) { promoteModel(version: $v, stage: SHADOW) { userErrors { message } } }`,
      { v: `ModelVersion:${version?.id}` },
    );
    expect(errors).toBeUndefined();
    await until(() => lab.serving.shadow('churn')?.version.id === subset);
  });
});

const emptyTable = {
  rows: 0,
  numericNames: [],
  numeric: new Float32Array(0),
  categoricalNames: [],
  categorical: [],
};
