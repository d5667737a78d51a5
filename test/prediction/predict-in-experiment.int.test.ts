import 'reflect-metadata';
import DataLoader from 'dataloader';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { variantFor } from '../../src/experiment/assign.js';
import type { Experiment } from '../../src/experiment/experiment.js';
import { AppError } from '../../src/kernel/error.js';
import { DAY_MS } from '../../src/kernel/clock.js';
import { cellOf } from '../../src/prediction/input-rows.js';
import { predictUsers } from '../../src/prediction/predict-users.js';
import { PredictionAssignmentResolver } from '../../src/prediction/prediction-assignment.resolver.js';
import { predictionNode } from '../../src/prediction/prediction-node.js';
import { shadowStore } from '../../src/prediction/shadow.store.js';
import { addVersion, plainLogistic } from '../support/added-version.js';
import { armServer, runExperiment, stopExperiments, type ArmServer } from '../support/arm-lab.js';
import { openServingLab, requestContext, until, type ServingLab } from '../support/serving-lab.js';

let lab: ServingLab;
let server: ArmServer;
let users: { id: number; externalId: string }[];
/** In production; takes some of its features; takes one that production does not. */
let production: string;
let subset: string;
let other: string;
let otherName: string;

beforeAll(async () => {
  lab = await openServingLab(150);
  const { db } = lab.database;
  production = lab.production().version.id;
  const names = ['days_since_last_purchase', 'purchase_count_30d'];
  subset = await addVersion(db, plainLogistic(names, [0.05, -0.4], -0.5), 0.4);
  server = await armServer(lab);
  const taken = new Set(lab.production().features.map(({ name }) => name));
  const approved = await server.features.approved();
  otherName =
    approved.find(({ name, type }) => type === 'NUMERICAL' && !taken.has(name))?.name ?? '';
  other = await addVersion(db, plainLogistic([otherName], [0.01], 0.1), 0.5);
  const rows = await db.query<{ id: number; externalId: string }>(
    `select id, external_id as "externalId" from customer order by id`,
  );
  const scorable = new Set(lab.scorable);
  users = rows.filter(({ id }) => scorable.has(id)).slice(0, 100);
});
afterAll(async () => {
  await server.close();
  await lab.close();
});
afterEach(async () => {
  await stopExperiments(lab, server);
  await server.close();
  await lab.database.db.query('truncate prediction, shadow_score, assignment');
  server = await armServer(lab);
});

const armOf = (experiment: Experiment, externalId: string) => variantFor(experiment, externalId);

async function rowsOf(table: string): Promise<Record<string, unknown>[]> {
  return lab.database.db.query(`select * from ${table}`);
}

describe('arms that are versions of the model', () => {
  it('answer 100 customers with one run a version, and as many statements as one customer', async () => {
    const experiment = await runExperiment(lab, server, [production, subset]);
    const { answers, counts } = await server.ask(users);
    expect(users).toHaveLength(100);
    expect(counts.onnxRuns).toBe(2);
    const arms = new Map<string, number>();
    for (const [index, answer] of answers.entries()) {
      const arm = armOf(experiment, users[index]?.externalId ?? '');
      expect(answer).toMatchObject({
        modelVersionId: arm?.modelVersionId,
        source: 'MODEL',
        threshold: arm?.modelVersionId === subset ? 0.4 : lab.production().threshold,
      });
      if (answer)
        expect(answer.probability).toBe(await server.scoreBy(answer.modelVersionId, answer));
      arms.set(arm?.key ?? '', (arms.get(arm?.key ?? '') ?? 0) + 1);
    }
    expect([...arms.keys()].sort()).toEqual(['arm-0', 'arm-1']);
    const assigned = await rowsOf('assignment');
    expect(assigned).toHaveLength(100);
    for (const [key, customers] of arms)
      expect(assigned.filter((row) => row.variant_key === key)).toHaveLength(customers);
    const ledger = await rowsOf('prediction');
    expect(ledger).toHaveLength(100);
    // what `predictionMade` shows is the row
    for (const row of ledger) {
      const answer = answers.find((each) => each?.ledgerId === Number(row.id));
      expect(row).toMatchObject({
        model_version_id: answer?.modelVersionId,
        threshold: answer?.threshold,
        probability: answer?.probability,
      });
    }
    expect(server.published.sort((a, b) => a - b)).toEqual(
      ledger.map(({ id }) => Number(id)).sort((a, b) => a - b),
    );

    await lab.database.db.query('truncate assignment');
    const second = await armServer(lab);
    const one = await second.ask(users.slice(0, 1));
    await second.close();
    expect(one.counts.sql).toBe(counts.sql);
    expect(counts.sql).toBe(3); // inputs, ledger, exposures
  });

  it('say the same customer the same, again and from another server', async () => {
    await runExperiment(lab, server, [production, subset, other]);
    const versionsOf = async (from: ArmServer) =>
      (await from.ask(users.slice(0, 30))).answers.map((answer) => answer?.modelVersionId);
    const first = await versionsOf(server);
    expect(new Set(first)).toEqual(new Set([production, subset, other]));
    expect(await versionsOf(server)).toEqual(first);
    const second = await armServer(lab);
    expect(await versionsOf(second)).toEqual(first);
    await second.close();
    await server.experiments.exposures.flush();
    const assigned = await rowsOf('assignment');
    expect(assigned).toHaveLength(30);
    expect(assigned.every(({ exposures }) => Number(exposures) === 3)).toBe(true);
  });

  it('are all asked about everybody, also where they take other features: what the others say is kept', async () => {
    const experiment = await runExperiment(lab, server, [subset, other]);
    const { answers, counts } = await server.ask(users.slice(0, 40));
    expect(counts).toMatchObject({ onnxRuns: 2, sql: 3 });
    await server.settle();
    const kept = await rowsOf('shadow_score');
    expect(kept).toHaveLength(40);
    for (const answer of answers) {
      const row = kept.find(({ prediction_id }) => Number(prediction_id) === answer?.ledgerId);
      const version = answer?.modelVersionId === subset ? other : subset;
      expect(row).toMatchObject({
        model_version_id: version,
        experiment_id: experiment.id,
        answered: answer?.probability,
        threshold: version === subset ? 0.4 : 0.5,
      });
      if (answer) expect(row?.probability).toBe(await server.scoreBy(version, answer));
    }
    const { db } = lab.database;
    expect(await shadowStore(db).agreement([subset, other])).toEqual([]); // nothing of it is a report on a shadow
  });

  it.each([
    ['whose window is not open yet', 0, -2 * DAY_MS],
    ['whose window is over', 0, 2 * DAY_MS],
    ['asked as of an instant before the window', -2 * DAY_MS, 0],
  ])('%s leave everybody to production', async (_, asOfOffset, ahead) => {
    await runExperiment(lab, server, [subset, other]);
    const traveller = await armServer(lab, ahead);
    const asOf = new Date(lab.clock.now().getTime() + ahead + asOfOffset);
    const { answers } = await traveller.ask(users.slice(0, 20), { asOf });
    const versions = new Set(answers.flatMap((answer) => answer?.modelVersionId ?? []));
    await traveller.close();
    expect(versions).toEqual(new Set([production]));
    expect(await rowsOf('assignment')).toEqual([]);
  });

  it('leave who is held out, not among the traffic, or comes without a key to production', async () => {
    const experiment = await runExperiment(lab, server, [subset, other], {
      trafficShare: 0.5,
      holdoutShare: 0.2,
    });
    const { answers, counts } = await server.ask(users);
    expect(counts).toMatchObject({ onnxRuns: 3, sql: 3 });
    const inside = users.filter(({ externalId }) => armOf(experiment, externalId));
    for (const [index, answer] of answers.entries())
      expect(answer?.modelVersionId).toBe(
        armOf(experiment, users[index]?.externalId ?? '')?.modelVersionId ?? production,
      );
    expect(inside.length).toBeGreaterThan(20);
    expect(inside.length).toBeLessThan(70);
    await server.settle();
    const assigned = await rowsOf('assignment');
    expect(new Set(assigned.map(({ user_id }) => Number(user_id)))).toEqual(
      new Set(inside.map(({ id }) => id)),
    );
    const compared = await rowsOf('shadow_score');
    expect(compared).toHaveLength(inside.length);
    const served = lab.production();
    const [first] = inside;
    const key = { userId: first?.id ?? 0, served, asOf: lab.clock.now() };
    const [keyless] = await predictUsers(
      server.deps,
      { ...key, maxStalenessSeconds: 0, users: [{ userId: key.userId, overrides: [] }] },
      new AbortController().signal,
    );
    expect(keyless).toMatchObject({ modelVersionId: production });
  });

  it('do not touch who has opted out', async () => {
    await runExperiment(lab, server, [production, subset]);
    const [objector] = users;
    const consent = (agrees: boolean) =>
      lab.database.db.query('update customer set consent_profiling = $2 where id = $1', [
        objector?.id,
        agrees,
      ]);
    await consent(false);
    try {
      const { all } = await server.ask(users.slice(0, 5));
      expect(all[0]).toMatchObject({ eligibility: 'OPTED_OUT', ledgerId: null });
      await server.settle();
      for (const table of ['prediction', 'assignment', 'shadow_score'])
        expect((await rowsOf(table)).map(({ user_id }) => Number(user_id))).not.toContain(
          objector?.id,
        );
      expect(await rowsOf('assignment')).toHaveLength(4);
    } finally {
      await consent(true);
    }
  });

  it('imagine with the own version, and store, expose and compare nothing', async () => {
    const experiment = await runExperiment(lab, server, [subset, other]);
    const overrides = [{ name: 'purchase_count_30d', number: 3, text: null, boolean: null }];
    const { answers } = await server.ask(users.slice(0, 30), { overrides });
    for (const [index, answer] of answers.entries()) {
      const arm = armOf(experiment, users[index]?.externalId ?? '');
      expect(answer).toMatchObject({ source: 'WHAT_IF', modelVersionId: arm?.modelVersionId });
      if (answer && arm?.modelVersionId === subset) {
        const { inputs } = await server.serving.version(subset);
        expect(cellOf(answer.inputs, inputs, 'purchase_count_30d')).toBe(3);
      }
    }
    await server.settle();
    for (const table of ['prediction', 'assignment', 'shadow_score'])
      expect(await rowsOf(table)).toEqual([]);
    const unknown = [{ name: 'no_such_thing', number: 3, text: null, boolean: null }];
    const { all } = await server.ask(users.slice(0, 1), { overrides: unknown });
    expect(all[0]).toMatchObject({ code: 'INVALID' });
  });

  it('answer from the ledger with scores of the own version alone, which is an exposure', async () => {
    const before = await server.ask(users.slice(0, 20));
    await lab.database.db.query(
      `update event set received_at = now() - interval '1 day' where received_at > now() - interval '1 hour'`,
    );
    await lab.database.db.query(`update customer set updated_at = now() - interval '1 day'`);
    const experiment = await runExperiment(lab, server, [production, subset]);
    const { answers, counts } = await server.ask(users.slice(0, 20), { maxStalenessSeconds: 3600 });
    expect(counts.onnxRuns).toBe(2);
    for (const [index, answer] of answers.entries()) {
      const arm = armOf(experiment, users[index]?.externalId ?? '');
      const control = arm?.modelVersionId === production;
      expect(answer).toMatchObject({
        modelVersionId: arm?.modelVersionId,
        source: control ? 'CACHE' : 'MODEL',
      });
      if (control) expect(answer?.ledgerId).toBe(before.answers[index]?.ledgerId);
    }
    expect(await rowsOf('assignment')).toHaveLength(20);
  });

  it('are asked every time: answers are remembered only of who is outside', async () => {
    const experiment = await runExperiment(lab, server, [production, subset], {
      trafficShare: 0.5,
    });
    await server.ask(users.slice(0, 40));
    const { answers } = await server.ask(users.slice(0, 40));
    for (const [index, answer] of answers.entries())
      expect(answer?.source).toBe(
        armOf(experiment, users[index]?.externalId ?? '') ? 'MODEL' : 'CACHE',
      );
  });
});

describe('an arm that cannot answer', () => {
  it('because its artifact is gone: production does, says so in the log, and nobody is exposed to it', async () => {
    const { db } = lab.database;
    const broken = await addVersion(db, plainLogistic([otherName], [0.02], 0.2), 0.5);
    await db.query(
      `update artifact set bytes = '\\x00' where sha256 = (select artifact_sha256 from model_version where id = $1)`,
      [broken],
    );
    const experiment = await runExperiment(lab, server, [production, broken]);
    const { answers } = await server.ask(users.slice(0, 30));
    expect(new Set(answers.map((answer) => answer?.modelVersionId))).toEqual(new Set([production]));
    expect(server.log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    const assigned = await rowsOf('assignment');
    const control = users
      .slice(0, 30)
      .filter(({ externalId }) => armOf(experiment, externalId)?.key === 'arm-0');
    expect(assigned.map(({ user_id }) => Number(user_id)).sort()).toEqual(
      control.map(({ id }) => id).sort(),
    );
  });

  it.each(['production is the other arm', 'production is no arm'])(
    'because its run fails: production does where %s',
    async (which) => {
      const control = which === 'production is no arm' ? other : production;
      const experiment = await runExperiment(lab, server, [control, subset]);
      const { artifactSha256 } = (await server.serving.version(subset)).version;
      const scorer: typeof server.deps.scorer = {
        ...server.deps.scorer,
        explain: (...args) => lab.scorer.explain(...args),
        score: (sha256, ...rest) =>
          sha256 === artifactSha256
            ? Promise.reject(new AppError('INTERNAL', 'no memory'))
            : lab.scorer.score(sha256, ...rest),
      };
      for (let turn = 0; turn < 2; turn++) {
        const { answers } = await server.ask(users.slice(0, 20), {}, { scorer });
        for (const [index, answer] of answers.entries()) {
          const arm = armOf(experiment, users[index]?.externalId ?? '');
          expect(answer).toMatchObject({
            source: 'MODEL',
            modelVersionId: arm?.key === 'arm-0' ? control : production,
          });
        }
      }
      await server.settle();
      const assigned = await rowsOf('assignment');
      expect(new Set(assigned.map(({ variant_key }) => variant_key))).toEqual(new Set(['arm-0']));
      expect(await rowsOf('shadow_score')).toEqual([]);
      expect(server.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    },
  );

  it('together with production: the last stored scores and rules do', async () => {
    await runExperiment(lab, server, [production, subset]);
    const before = await server.ask(users.slice(0, 10));
    await lab.kill();
    try {
      const { answers } = await server.ask(users.slice(0, 12));
      expect(answers.slice(0, 10).map((answer) => answer?.ledgerId)).toEqual(
        before.answers.map((answer) => answer?.ledgerId),
      );
      expect(answers.map((answer) => answer?.source)).toEqual([
        ...Array.from({ length: 10 }, () => 'CACHE'),
        ...['RULES', 'RULES'],
      ]);
      expect(await rowsOf('assignment')).toHaveLength(10);
    } finally {
      lab.revive();
      await until(() => lab.scorer.stats().workers === 2);
    }
  });
});

describe('the assignment of a prediction', () => {
  it('is the one that decided its version; null before, outside and after the experiment', async () => {
    const [early] = (await server.ask(users.slice(0, 1))).answers;
    const experiment = await runExperiment(lab, server, [production, subset]);
    const { answers } = await server.ask(users.slice(0, 10));
    const counts: number[] = [];
    const { byIds } = server.experiments.store;
    const resolver = new PredictionAssignmentResolver({
      assignmentsOf: (ids) => {
        counts.push(ids.length);
        return server.experiments.assignments.ofUsers(ids);
      },
      experiment: () =>
        new DataLoader(async (ids: readonly string[]) => {
          const rows = await byIds(ids);
          return ids.map((id) => rows.find((row) => row.id === id) ?? null);
        }),
    });
    const context = requestContext(lab.clock);
    const { model } = lab.production();
    const nodes = answers.flatMap((answer) =>
      answer ? [predictionNode(answer, model, lab.clock.wall())] : [],
    );
    const found = await Promise.all(nodes.map((node) => resolver.assignment(node, context)));
    expect(counts).toEqual([10]);
    for (const [index, assignment] of found.entries()) {
      const arm = armOf(experiment, users[index]?.externalId ?? '');
      expect(assignment).toMatchObject({
        variant: { key: arm?.key },
        experiment: { key: experiment.key },
        source: 'HASH',
      });
    }
    const [node] = nodes;
    if (!node || !early) throw new Error('nothing was scored');
    const at = (change: Partial<typeof node>) =>
      resolver.assignment({ ...node, ...change }, requestContext(lab.clock));
    expect(await at({ asOf: new Date(experiment.endsAt) })).toBeNull();
    expect(await at({ asOf: new Date(experiment.startsAt.getTime() - 1) })).toBeNull();
    expect(await at({ modelId: '01900000-0000-7000-8000-000000000009' })).toBeNull();
    expect(await at({ optedOut: true })).toBeNull();
    const long = new Date(lab.clock.wall().getTime() - 3_600_000);
    expect(await at({ asOf: long, scoredAt: long })).toBeNull();
    await lab.database.db.query(
      `update experiment set status = 'STOPPED', stopped_at = now() where id = $1`,
      [experiment.id],
    );
    expect(await at({})).not.toBeNull();
    expect(await at({ scoredAt: new Date(lab.clock.wall().getTime() + 60_000) })).toBeNull();
  });
});
