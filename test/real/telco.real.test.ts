import fs from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedData } from '../support/shared-data.js';
import {
  augury,
  createKey,
  graphql,
  startSystem,
  temporaryFolder,
  type RunningSystem,
} from '../support/system.js';

const file = sharedData('telco_customer_churn.csv.gz');

describe.skipIf(file === null)('Telco, 7,043 real customers with attributes and outcomes', () => {
  const folder = temporaryFolder();
  const dataDir = `${folder}/data`;
  let system: RunningSystem;
  let key: string;

  const run = async (...args: string[]): Promise<Record<string, never>> => {
    const result = await augury([...args, '--data-dir', dataDir, '--json']);
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    return JSON.parse(result.stdout) as Record<string, never>;
  };

  beforeAll(async () => {
    system = await startSystem(dataDir, ['--no-demo']);
    key = await createKey(dataDir);
  });
  afterAll(async () => {
    await system.end('SIGTERM');
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('imports profiles and makes a feature of every column but the id and the label', async () => {
    const users = await run(
      'import',
      'users',
      '--file',
      file ?? '',
      '--id',
      'customerID',
      '--attribute',
      'all',
      '--except',
      'Churn',
    );
    expect(users).toMatchObject({ accepted: 7043, rejected: 0 });
    const outcomes = await run(
      'import',
      'outcomes',
      '--file',
      file ?? '',
      '--user',
      'customerID',
      '--model',
      'churn',
      '--positive',
      'Churn=Yes',
      '--at',
      '2020-01-01',
      '--source',
      'telco',
    );
    expect(outcomes).toMatchObject({ accepted: 7043, rejected: 0 });
    const { data } = await graphql(
      system.url,
      key,
      '{ tenure: feature(name: "tenure") { type status } contract: feature(name: "contract") { type status } label: feature(name: "churn") { type } }',
    );
    expect(data).toEqual({
      tenure: { type: 'NUMERICAL', status: 'APPROVED' },
      contract: { type: 'CATEGORICAL', status: 'APPROVED' },
      label: null,
    });
  });

  it('trains from attributes alone to an AUC of at least 0.835 on the documented test part', async () => {
    const version = (await run(
      'train',
      'churn',
      '--label',
      'outcomes',
      '--promote',
    )) as unknown as {
      trainingRows: number;
      testRows: number;
      metrics: { name: string; split: string; value: number }[];
    };
    // The split of reference/classify_telco.json.
    expect(version.trainingRows).toBe(5633);
    expect(version.testRows).toBe(1410);
    const auc = version.metrics.find((m) => m.name === 'auc' && m.split === 'TEST');
    expect(auc?.value).toBeGreaterThanOrEqual(0.835);
  });

  it('answers a score and reasons for a customer of whom only attributes are known', async () => {
    const { data, errors } = await graphql(
      system.url,
      key,
      `
        {
          user(externalId: "7590-VHVEG") {
            attributes
            prediction {
              eligibility
              probability
              baseValue
              reasons(first: 3) {
                feature
                text
              }
            }
          }
        }
      `,
    );
    expect(errors).toBeUndefined();
    expect(data.user.attributes).toMatchObject({ tenure: 1, Contract: 'Month-to-month' });
    expect(data.user.prediction.eligibility).toBe('ELIGIBLE');
    // One month in, month-to-month, electronic check: the riskiest profile of the set.
    expect(data.user.prediction.probability).toBeGreaterThan(0.5);
    expect(data.user.prediction.reasons).toHaveLength(3);
  });
});
