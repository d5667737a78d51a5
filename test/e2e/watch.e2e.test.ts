import fs from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { variantFor } from '../../src/experiment/assign.js';
import { DAY_MS } from '../../src/kernel/clock.js';
import { projectRoot } from '../../src/plant/paths.js';
import type { Follower } from '../support/feed-door.js';
import { A, B, openWatchLab, SECRET, until, type Data } from '../support/watch-lab.js';

/** Everything that watches, together, in the order of a bad day: each test goes on where the one before ended. */
let lab: Awaited<ReturnType<typeof openWatchLab>>;
let ask: typeof lab.ask;
let change: typeof lab.change;

beforeAll(async () => {
  lab = await openWatchLab();
  ({ ask, change } = lab);
});
afterAll(() => lab.close());

const cursorOf = async (topic: string): Promise<string> =>
  (await ask(A, `{ changesCursor(topic: ${topic}) }`)).changesCursor as string;

interface Told {
  id: string;
  status: string;
  revision: number;
  cursor: string;
}
const ALERT = '{ id status revision cursor }';
const alertsAfter = (server: number, cursor: string): Promise<Follower<Told>> =>
  lab.subscribe(server, 'alertChanged', `(after: "${cursor}") ${ALERT}`);
const statusesOf = (follower: Follower<Told>, id: string): string[] =>
  follower.told.filter((each) => each.id === id).map((each) => each.status);

const rule = (name: string, channel: string, forSeconds: number, condition: string): string =>
  `{ name: "${name}", severity: CRITICAL, channels: ["${channel}"], forSeconds: ${forSeconds}, ${condition} }`;
const fired = (id: string): Promise<{ id: string }> =>
  until(async () => {
    const { alerts } = await ask(A, '{ alerts(first: 100) { nodes { id status rule { id } } } }');
    return alerts.nodes.find((each: Data) => each.rule.id === id && each.status === 'FIRING') as
      { id: string } | undefined;
  });
async function documentedVerify() {
  const text = fs.readFileSync(`${projectRoot}/docs/alerts.md`, 'utf8');
  const code = /```js\n([^]*?)```/.exec(text)?.[1] ?? '';
  const source = `data:text/javascript,${encodeURIComponent(code)}`;
  return (await import(/* @vite-ignore */ source)) as {
    verify(body: string, headers: object, secret: string): boolean;
  };
}

it('a worker is killed while the receiver hangs: another delivers, and the receiver sees the same id', async () => {
  lab.receive('hangs');
  const condition = 'metric: "queue_age_seconds", labels: { kind: "TRAIN" }, comparison: GTE';
  const { rule: made } = await change(
    A,
    'createAlertRule',
    'rule { id }',
    `input: ${rule('Killed', 'night', 0, `${condition}, threshold: 0`)}`,
  );
  const { id } = await fired(made.id);
  await until(() => lab.messagesOf(id).length > 0);
  lab.workers[0]?.kill('SIGKILL'); // before the 10 s are over that a receiver has
  await lab.workers[0]?.ended;
  lab.receive('answers');
  await Promise.all([lab.startWorker(), lab.startWorker()]);
  // the minute for which the dead worker had taken it is over
  const taken = await lab.database.db.query(
    `update alert_delivery set next_at = now() where alert_id = $1 and channel = 'night' and status = 'QUEUED'
       and snapshot->>'status' = 'FIRING' returning id`,
    [id.replace('Alert:', '')],
  );
  expect(taken).toHaveLength(1);
  await until(async () => {
    const { alert } = await ask(B, `{ alert(id: "${id}") { deliveries { status attempts } } }`);
    return alert.deliveries[0].status === 'DELIVERED' && alert.deliveries[0].attempts === 2;
  });
  // what came of the alert meanwhile is a message of its own
  const [first, ...others] = lab.messagesOf(id);
  const [second, ...more] = others.filter(
    ({ headers }) => headers['augury-id'] === first?.headers['augury-id'],
  );
  expect(more).toEqual([]);
  expect(second?.body).toBe(first?.body);
  await change(A, 'deleteAlertRule', 'rule { id }', `id: "${made.id}"`);
});

let alertId: string;
let heardOnA: Follower<Told>;

it('a customer comes up to HIGH: heard once on both servers; the rule on it fires once over two workers, and one signed message is delivered', async () => {
  await change(
    A,
    'promoteModel',
    'modelVersion { id }',
    `version: "ModelVersion:${lab.versions[0]}"`,
  );
  const condition =
    'metric: "risk_crossings", labels: { model: "churn", level: "CRITICAL" }, comparison: GTE';
  const { rule: made } = await change(
    A,
    'createAlertRule',
    'rule { id }',
    `input: ${rule('Crossed', 'desk', 2, `${condition}, threshold: 1`)}`,
  );
  const [alertCursor, riskCursor] = [await cursorOf('ALERT'), await cursorOf('RISK')];
  heardOnA = await alertsAfter(A, alertCursor);
  const heard = [heardOnA, await alertsAfter(B, alertCursor)];
  const risks = await Promise.all(
    [A, B].map((server) =>
      lab.subscribe<{ risk: string; user: { externalId: string } }>(
        server,
        'riskCrossed',
        `(after: "${riskCursor}") { risk feedCursor user { externalId } }`,
      ),
    ),
  );
  const crossed = await anEligible();
  await recordEvents(crossed, 200);
  const after = await ask(B, PREDICTION, { u: crossed });
  expect(after.user.prediction.risk).toBe('CRITICAL');
  ({ id: alertId } = await fired(made.id));
  await until(() => heard.every((each) => statusesOf(each, alertId).length > 0));
  await until(async () => (await deliveriesOf(alertId)).includes('FIRING'));
  await until(() => risks.every(({ told }) => told.length > 0));
  // some more looks and scores, which must change nothing
  await ask(A, PREDICTION, { u: crossed });
  await lab.looks(3);
  for (const each of heard) expect(statusesOf(each, alertId)).toEqual(['FIRING']);
  for (const each of risks)
    expect(each.told).toMatchObject([{ risk: 'CRITICAL', user: { externalId: crossed } }]);
  const { alerts } = await ask(
    B,
    '{ alerts(first: 100) { nodes { rule { id } affectedUsers { nodes { externalId } } } } }',
  );
  expect(alerts.nodes.filter((each: Data) => each.rule.id === made.id)).toEqual([
    { rule: { id: made.id }, affectedUsers: { nodes: [{ externalId: crossed }] } },
  ]);
  const { verify } = await documentedVerify();
  const [message, ...more] = lab.messagesOf(alertId);
  expect(more).toEqual([]);
  for (const [secret, valid] of [
    [SECRET, true],
    ['a new one', true],
    ['another', false],
  ] as const)
    expect(verify(message?.body ?? '', message?.headers ?? {}, secret)).toBe(valid);
});

const PREDICTION = `query ($u: String!) { user(externalId: $u) { prediction(maxStalenessSeconds: 0) {
  eligibility risk probability modelVersion { version } assignment { variant { key } } } } }`;

async function anEligible(): Promise<string> {
  for (let i = 1; i <= 60; i += 1) {
    const u = `demo-${String(i).padStart(5, '0')}`;
    const { user } = await ask(A, PREDICTION, { u });
    if (user.prediction.eligibility === 'ELIGIBLE' && user.prediction.risk === 'LOW') return u;
  }
  throw new Error('nobody has a low risk');
}

async function recordEvents(user: string, count: number): Promise<void> {
  const at = new Date().toISOString();
  const events = Array.from({ length: count }, (_, i) => ({
    ...{ id: `watched-${user}-${i}`, user, type: 'page_view', at },
  }));
  const { recordEvents: taken } = await ask(
    A,
    'mutation ($events: [EventInput!]!) { recordEvents(events: $events) { accepted } }',
    { events },
  );
  expect(taken.accepted).toBe(count);
}

/** Statuses of an alert that its channel confirmed. */
const deliveriesOf = async (id: string): Promise<string[]> =>
  (
    await lab.database.db.query<{ status: string }>(
      `select snapshot->>'status' as status from alert_delivery
       where alert_id = $1 and status = 'DELIVERED' order by revision`,
      [id.replace('Alert:', '')],
    )
  ).map((row) => row.status);

it('who was cut off hears what was missed on the other server, in order; a server that restarts loses nobody who resumes', async () => {
  const cursor = heardOnA.told.at(-1)?.cursor ?? '';
  heardOnA.cut();
  const input = rule(
    'Crossed',
    'desk',
    3_600, // what holds on is PENDING for an hour then
    'metric: "risk_crossings", labels: { model: "churn", level: "CRITICAL" }, comparison: GTE, threshold: 1',
  );
  const { alert } = await ask(A, `{ alert(id: "${alertId}") { rule { id } } }`);
  await change(B, 'acknowledgeAlert', 'alert { status }', `id: "${alertId}"`);
  await change(A, 'updateAlertRule', 'rule { id }', `id: "${alert.rule.id}", input: ${input}`);
  await change(A, 'resolveAlert', 'alert { status }', `id: "${alertId}"`);
  const again = await alertsAfter(B, cursor);
  await until(() => again.told.length >= 2);
  await lab.looks(2);
  expect(again.told.map(({ id, status: is, revision }) => [id, is, revision])).toEqual([
    [alertId, 'ACKNOWLEDGED', 2],
    [alertId, 'RESOLVED', 3],
  ]);

  const last = again.told.at(-1)?.cursor ?? '';
  await lab.stopServer(B);
  await until(() => again.closed);
  const condition = 'metric: "queue_age_seconds", labels: { kind: "SCORE" }, comparison: GTE';
  const { rule: meanwhile } = await change(
    A,
    'createAlertRule',
    'rule { id }',
    `input: ${rule('Meanwhile', 'night', 0, `${condition}, threshold: 0`)}`,
  );
  const { id } = await fired(meanwhile.id);
  await change(A, 'deleteAlertRule', 'rule { id }', `id: "${meanwhile.id}"`);
  await lab.startServer(B);
  const resumed = await alertsAfter(B, last);
  await until(() => resumed.told.length >= 2);
  expect(resumed.told.map((each) => [each.id, each.status])).toEqual([
    [id, 'FIRING'],
    [id, 'RESOLVED'],
  ]);
  await until(async () => (await deliveriesOf(alertId)).length === 3);
  expect(await deliveriesOf(alertId)).toEqual(['FIRING', 'ACKNOWLEDGED', 'RESOLVED']);
});

it('an experiment with versions as arms that is started on one server is followed by the other, and stopped likewise', async () => {
  const [start, end] = [Date.now() - DAY_MS, Date.now() + DAY_MS].map((ms) =>
    new Date(ms).toISOString(),
  );
  const variants = ['one', 'two'].map((name) => ({ key: name, weight: 1 }));
  const arms = variants.map(
    (each, at) =>
      `{ key: "${each.key}", weight: 1, control: ${at === 0}, modelVersion: "ModelVersion:${lab.versions[at]}" }`,
  );
  await change(
    A,
    'createExperiment',
    'experiment { key }',
    `input: { key: "v2-v3", hypothesis: "Version 3 is better.", model: "churn", primaryMetric: "model:accuracy",
       startsAt: "${start}", endsAt: "${end}", variants: [${arms.join(', ')}] }`,
  );
  await change(A, 'startExperiment', 'experiment { status }', 'key: "v2-v3"');
  const versionOf: Record<string, number> = { one: 2, two: 3 };
  const lone = { key: 'v2-v3', trafficShare: 1, holdoutShare: 0 };
  const armOf = (u: string): string =>
    variantFor(
      {
        ...lone,
        variants: variants.map((each) => ({
          ...each,
          control: false,
          payload: {},
          modelVersionId: null,
        })),
      },
      u,
    )?.key ?? '';
  const users = Array.from({ length: 8 }, (_, i) => `demo-${String(i + 1).padStart(5, '0')}`);
  const told = (server: number, u: string) =>
    ask(server, PREDICTION, { u }).then(({ user }) => user.prediction);
  const eligible: string[] = [];
  for (const u of users) if ((await told(A, u)).eligibility === 'ELIGIBLE') eligible.push(u);
  const inTwo = eligible.find((u) => armOf(u) === 'two') ?? '';
  await until(async () => (await told(B, inTwo)).modelVersion.version === 3);
  const live = await lab.subscribe<{
    modelVersion: { version: number };
    user: { externalId: string };
  }>(B, 'predictionMade', '(model: "churn") { modelVersion { version } user { externalId } }');
  await until(async () => {
    await told(A, inTwo);
    return live.told.length > 0;
  });
  for (const u of eligible) {
    const [onA, onB] = [await told(A, u), await told(B, u)];
    expect(onA).toEqual(onB);
    expect(onA.modelVersion.version).toBe(versionOf[armOf(u)]);
    expect(onA.assignment.variant.key).toBe(armOf(u));
    for (const server of [A, B]) {
      const { user } = await ask(
        server,
        `{ user(externalId: "${u}") { assignments(experiment: "v2-v3") { variant { key } exposures } } }`,
      );
      expect(user.assignments).toMatchObject([{ variant: { key: armOf(u) } }]);
    }
  }
  await until(() => eligible.every((u) => live.told.some((each) => each.user.externalId === u)));
  for (const { user, modelVersion } of live.told)
    expect(modelVersion.version).toBe(versionOf[armOf(user.externalId)]);
  const { experiment } = await ask(
    B,
    '{ experiment(key: "v2-v3") { results { decision reason variants { users variant { key } } } } }',
  );
  const usersOf = (name: string): number => eligible.filter((u) => armOf(u) === name).length;
  expect(experiment.results.decision).toBe('KEEP_RUNNING');
  expect(experiment.results.variants).toEqual(
    variants.map((each) => ({ users: usersOf(each.key), variant: { key: each.key } })),
  );
  await change(B, 'stopExperiment', 'experiment { status }', 'key: "v2-v3"');
  await until(async () => (await told(A, inTwo)).modelVersion.version === 2);
  expect((await told(B, inTwo)).modelVersion.version).toBe(2);
});

it('two checks of drift at once: one training is queued, and both reports link to it; it is in the trail of jobs', async () => {
  const training = await change(
    A,
    'trainModel',
    'job { id }',
    'input: { model: "lab", promote: true }',
  );
  await lab.resultOf(training.job.id, '... on ModelVersion { stage }');
  const since = new Date(Date.now() - 5 * DAY_MS).toISOString();
  const checks = await until(async () => {
    // a server follows the promotion a moment later
    const asked = await Promise.all(
      [A, B].map((server) =>
        ask(
          server,
          `mutation { detectDrift(input: { model: "lab", currentFrom: "${since}" }) { job { id } userErrors { code } } }`,
        ),
      ),
    );
    return asked.every(({ detectDrift }) => detectDrift.job) ? asked : null;
  });
  const reports = await Promise.all(
    checks.map(({ detectDrift }) =>
      lab.resultOf(
        detectDrift.job.id,
        '... on DriftReport { drifted action retraining { id kind createdBy } }',
      ),
    ),
  );
  const { jobs } = await ask(A, '{ jobs(kind: [TRAIN]) { nodes { id createdBy } } }');
  const asked = jobs.nodes.filter((each: Data) => each.createdBy === 'drift');
  expect(asked).toHaveLength(1);
  const retraining = { id: asked[0].id, kind: 'TRAIN', createdBy: 'drift' };
  for (const report of reports)
    expect(report).toMatchObject({ drifted: true, action: 'RETRAINING', retraining });
  await lab.resultOf(asked[0].id, '... on ModelVersion { stage }');
});

it('the report on yesterday is written by a worker and is the result of its job', async () => {
  const date = new Date(Date.now() - DAY_MS).toISOString().slice(0, 10);
  const { job } = await change(A, 'writeDailyReport', 'job { id }', `date: "${date}"`);
  const report = await lab.resultOf(job.id, '... on DailyReport { date rating soFar markdown }');
  expect(report).toMatchObject({ __typename: 'DailyReport', date, soFar: false });
  expect(report.markdown).toContain(date);
});
