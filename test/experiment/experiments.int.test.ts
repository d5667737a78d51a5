import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditStore } from '../../src/access/audit.store.js';
import { encodeId } from '../../src/kernel/id.js';
import { manualClock } from '../../src/kernel/clock.js';
import { readFeed } from '../../src/plant/feed-log.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import {
  EXPERIMENT,
  experimentLab,
  experimentMutations,
  type ExperimentLab,
} from '../support/experiment-lab.js';
import { memoryBus } from '../support/memory-bus.js';

const START = new Date('2026-03-02T00:00:00Z');
const clock = manualClock(START);
const bus = memoryBus();
let database: TestDatabase;
let lab: ExperimentLab;
let version: string;
let other: string;

beforeAll(async () => {
  database = await testDatabase();
  lab = await experimentLab(database.db, bus, clock);
  version = encodeId('ModelVersion', await lab.addVersion('churn', []));
  other = encodeId('ModelVersion', await lab.addVersion('upsell', []));
  await lab.upsert(Array.from({ length: 60 }, (_, i) => ({ externalId: `u-${i}` })));
});
afterAll(async () => {
  await lab.close();
  await database.drop();
});
beforeEach(() => {
  clock.set(START);
});
afterEach(async () => {
  await lab.serving.exposures.flush();
  await database.db.query('truncate experiment, variant, assignment, feed_entry cascade');
  await lab.serving.running.refresh();
});

type Change = Record<string, unknown>;
const arms = (one: string, two: string) => [
  { key: 'control', weight: 1, control: true, modelVersion: one },
  { key: 'b', weight: 1, modelVersion: two },
];
const { create, move, running } = experimentMutations(() => lab);

describe('writing an experiment down', () => {
  it('answers it with every default, the first arm being the control', async () => {
    const created = await create({ guardrails: ['count:ticket'], lowerIsBetter: ['count:ticket'] });
    expect(created?.userErrors).toEqual([]);
    expect(created?.experiment).toMatchObject({
      ...{ key: 'winback', status: 'DRAFT', model: null, trafficShare: 1, holdoutShare: 0 },
      ...{ guardrails: ['count:ticket'], lowerIsBetter: ['count:ticket'] },
      ...{ minimumUsers: 100, prePeriodDays: 28, createdBy: 'admin key', startedAt: null },
    });
    expect(created?.experiment?.['variants']).toMatchObject([
      { key: 'control', weight: 1, control: true, modelVersion: null, payload: {}, users: 0 },
      { key: 'offer', weight: 1, control: false, payload: { discount: 0.1 } },
    ]);
    const { data } =
      await lab.ask(`{ experiments { key } experiment(key: "winback") { ${EXPERIMENT} }
      none: experiment(key: "\\u0000") { key } running: experiments(status: [RUNNING, STOPPED]) { key } }`);
    expect(data).toEqual({
      ...{ experiments: [{ key: 'winback' }], experiment: created?.experiment },
      ...{ none: null, running: [] },
    });
  });

  it('takes versions of a model as arms', async () => {
    const { experiment } = (await create({
      ...{ model: 'churn', variants: arms(version, version), primaryMetric: 'model:f1' },
    })) ?? { experiment: null };
    expect(experiment).toMatchObject({
      model: { name: 'churn' },
      variants: [{ modelVersion: { id: version } }, { modelVersion: { id: version } }],
    });
  });

  it('tells every problem at once, of the other rows too', async () => {
    const none = encodeId('ModelVersion', '01900000-0000-7000-8000-00000000abcd');
    const refused = async (given: Change) =>
      (await create(given))?.userErrors.map(({ code, path }) => [
        code,
        (path as string[]).join('.'),
      ]);
    expect(
      await refused({ key: '1', model: 'no', trafficShare: 0, variants: arms(version, none) }),
    ).toEqual([
      ['INVALID', 'input.key'],
      ['INVALID', 'input.trafficShare'],
      ['NOT_FOUND', 'input.model'],
      ['NOT_FOUND', 'input.variants.1.modelVersion'],
    ]);
    expect(await refused({ model: 'churn', variants: arms(other, 'User:1') })).toEqual([
      ['INVALID', 'input.variants.1.modelVersion'],
      ['INVALID', 'input.variants.0.modelVersion'],
    ]);
    expect(await refused({ endsAt: '2000-03-01T12:00:00Z' })).toEqual([
      ['INVALID', 'input.startsAt'],
    ]);
    expect(await lab.serving.store.list(null)).toEqual([]);
  });

  it('takes one that ran elsewhere, whose window is past; only to be read, not to be started', async () => {
    const window = { startsAt: '2008-03-20T00:00:00.000Z', endsAt: '2008-04-03T00:00:00.000Z' };
    const made = await create(window);
    expect(made).toMatchObject({ experiment: { status: 'DRAFT', ...window }, userErrors: [] });
    expect((await move('start'))?.userErrors).toMatchObject([
      {
        code: 'CONFLICT',
        message: expect.stringMatching(/ended at 2008-04-03.*: it cannot be started/) as string,
        path: ['key'],
      },
    ]);
  });

  it('takes a key once, whoever comes first', async () => {
    const both = await Promise.all([create(), create()]);
    expect(both.flatMap((each) => each?.userErrors ?? [])).toMatchObject([
      { code: 'CONFLICT', path: ['input', 'key'] },
    ]);
    expect((await create())?.userErrors).toMatchObject([{ code: 'CONFLICT' }]);
    expect(await lab.serving.store.list(null)).toHaveLength(1);
  });

  it('is for those who may', async () => {
    for (const role of ['CRM', 'ANALYST'] as const) {
      const { errors } = await lab.ask(
        'mutation { startExperiment(key: "x") { userErrors { code } } }',
        {},
        role,
      );
      expect(errors?.[0]?.message).toBe(`role ${role} may not experiment:write`);
    }
  });
});

describe('the life of an experiment', () => {
  it('is written down in rows, audit trail and log of changes', async () => {
    const { id } = await running();
    clock.advance(60_000);
    await move('stop');
    await move('start');
    const { experiment } = (await move('conclude', 'winback', ', winner: "offer"')) ?? {};
    expect(experiment).toMatchObject({
      ...{ status: 'CONCLUDED', winner: { key: 'offer' }, stoppedAt: null },
      startedAt: START.toISOString(),
    });
    const audit = await auditStore(database.db).bySubject(`Experiment:${id}`);
    expect(audit.map(({ action }) => action)).toEqual([
      ...['concluded', 'started', 'stopped', 'started', 'created'],
    ]);
    expect(audit[0]).toMatchObject({
      actor: 'admin key',
      detail: { key: 'winback', from: 'RUNNING', to: 'CONCLUDED', winner: 'offer' },
    });
    const feed = await readFeed(database.db, 'experiment', 0, 10);
    expect(feed).toHaveLength(5);
    expect(feed[0]).toMatchObject({ subject: id, keys: { key: 'winback' } });
  });

  it('refuses what is not in the table, and who is not there, without a trace', async () => {
    await create();
    expect((await move('stop'))?.userErrors).toMatchObject([{ code: 'CONFLICT', path: ['key'] }]);
    for (const key of ['none', '\u0000'])
      expect((await move('start', key))?.userErrors).toMatchObject([
        { code: 'NOT_FOUND', path: ['key'] },
      ]);
    await move('start');
    expect((await move('conclude', 'winback', ', winner: "none"'))?.userErrors).toMatchObject([
      { code: 'INVALID', path: ['winner'] },
    ]);
    expect(await readFeed(database.db, 'experiment', 0, 10)).toHaveLength(2);
  });

  it('lets one experiment run a model at a time, however many start at once', async () => {
    const given = { model: 'churn', variants: arms(version, version) };
    for (const key of ['one', 'two', 'three']) await create({ ...given, key });
    await create({
      ...given,
      key: 'later',
      startsAt: '2026-04-01T00:00:00Z',
      endsAt: '2026-05-01T00:00:00Z',
    });
    const starts = await Promise.all(
      ['one', 'two', 'three', 'later'].map((key) => move('start', key)),
    );
    const errors = starts.flatMap((each) => each?.userErrors ?? []);
    expect(errors).toHaveLength(2);
    const [winner] = (await lab.serving.store.list(['RUNNING'])).filter(
      ({ key }) => key !== 'later',
    );
    for (const error of errors)
      expect(error).toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining(`experiment ${winner?.key ?? ''} runs`) as string,
      });
    const { modelId } = winner ?? {};
    expect(lab.serving.running.ofModel(modelId ?? '', clock.now())?.key).toBe(winner?.key);
    expect(lab.serving.running.ofModel(modelId ?? '', new Date('2026-04-02'))?.key).toBe('later');
    expect(lab.serving.running.ofModel(modelId ?? '', new Date('2026-05-02'))).toBeNull();
  });

  it('is followed by another process', async () => {
    const second = await experimentLab(database.db, bus, clock);
    try {
      await running();
      const seen = async (wanted: number): Promise<void> => {
        while (second.serving.running.live(clock.now()).length !== wanted)
          await new Promise((resolve) => setTimeout(resolve, 5));
      };
      await seen(1);
      await move('stop');
      await seen(0);
      expect(second.serving.running.idOf('winback')).not.toBeNull();
    } finally {
      await second.close();
    }
  });
});
