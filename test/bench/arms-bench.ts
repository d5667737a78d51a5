import os from 'node:os';
import { addVersion, plainLogistic } from '../support/added-version.js';
import { openBenchGraph } from './bench-graph.js';
import { median, type BenchLine } from './bench-line.js';
import { openLoadClient } from './load-client.js';
import { asked } from './segment-questions.js';

const ROUNDS = 5;
const KEY = 'versions';
const PAGE = '{ users(first: 100) { nodes { prediction { probability } } } }';
const CREATE = `mutation ($input: CreateExperimentInput!) { createExperiment(input: $input) { userErrors { message } } }`;
const START = `mutation ($key: String!) { startExperiment(key: $key) { userErrors { message } } }`;
const STOP = `mutation ($key: String!) { stopExperiment(key: $key) { userErrors { message } } }`;

/** 100 scores with an experiment of two versions as arms, and without one, by turns. */
export async function armsBench(): Promise<BenchLine[]> {
  const graph = await openBenchGraph();
  const client = openLoadClient();
  const { db } = graph.composition.plant;
  const told = async (query: string, variables: object): Promise<void> => {
    const { data } = await asked<Record<string, { userErrors: { message: string }[] }>>(
      graph,
      query,
      variables,
    );
    const [problem] = Object.values(data).flatMap(({ userErrors }) => userErrors);
    if (problem) throw new Error(problem.message);
  };
  const weigh = async (): Promise<{ cpu: number; wall: number }> => {
    const load = { url: graph.url, key: graph.key, query: PAGE, variables: [{}] };
    await client.run({ ...load, requests: 5, atOnce: 1, perSecond: null });
    const before = process.cpuUsage();
    const { wallMs } = await client.run({ ...load, requests: 40, atOnce: 1, perSecond: null });
    const { user, system } = process.cpuUsage(before);
    return { cpu: (user + system) / 1000 / 40, wall: wallMs / 40 };
  };
  try {
    const [production] = await db.query<{ id: string }>(
      `select v.id from model_version v join model m on m.id = v.model_id where m.name = 'churn' and v.stage = 'PRODUCTION'`,
    );
    const names = ['days_since_last_purchase', 'purchase_count_30d'];
    const other = await addVersion(db, plainLogistic(names, [0.05, -0.4], -0.5), 0.4);
    await told(CREATE, { input: inputOf([production?.id ?? '', other]) });
    const rounds: Record<'none' | 'arms', { cpu: number; wall: number }>[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const none = await weigh();
      await told(START, { key: KEY });
      rounds.push({ none, arms: await weigh() });
      await told(STOP, { key: KEY });
    }
    const of = (kind: 'none' | 'arms', what: 'cpu' | 'wall'): number =>
      median(rounds.map((each) => each[kind][what]));
    const ratio = (what: 'cpu' | 'wall'): string =>
      median(rounds.map(({ none, arms }) => arms[what] / none[what])).toFixed(2);
    return [
      {
        name: '100 scores in an experiment of two versions against none, server CPU',
        figure: `${ratio('cpu')} x`,
        detail: `goal 1.5 x; ${of('arms', 'cpu').toFixed(2)} against ${of('none', 'cpu').toFixed(2)} ms; wall ${ratio('wall')} x (${of('arms', 'wall').toFixed(1)} against ${of('none', 'wall').toFixed(1)} ms); a second run, features of the other version, exposures and what the other arm says included; load ${(os.loadavg()[0] ?? 0).toFixed(1)}`,
      },
    ];
  } finally {
    client.close();
    await graph.close();
  }
}

function inputOf(versions: readonly string[]): object {
  const now = Date.now();
  return {
    ...{ key: KEY, hypothesis: 'It is better.', model: 'churn', primaryMetric: 'model:accuracy' },
    startsAt: new Date(now - 60_000).toISOString(),
    endsAt: new Date(now + 86_400_000).toISOString(),
    variants: versions.map((id, at) => ({
      ...{ key: `arm-${at}`, weight: 1, control: at === 0, modelVersion: `ModelVersion:${id}` },
    })),
  };
}
