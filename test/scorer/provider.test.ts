import { InferenceSession, env } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/kernel/random.js';
import { worstDisagreement } from '../../src/onnx/parity.js';
import { firstAccepted, probeGraph, providerCandidates } from '../../src/scorer/provider.js';
import { openScorer } from '../../src/scorer/scorer.js';
import { naiveMargins } from '../support/naive-predictor.js';
import { randomEncoding, randomLogistic, randomTable } from '../support/random-forest.js';
import { listLog, scorerModel } from '../support/scorer.js';

// The first to speak in a process sets it for all: keep ONNX Runtime's own lines out of the test's output.
env.logLevel = 'fatal';

const classifier = randomLogistic(seededRandom(1), randomEncoding(5, [3]));
const model = scorerModel(classifier);
const table = randomTable(seededRandom(2), classifier, 500);

/** Whether this machine has the provider, asked without any of our code in between. */
async function isHere(provider: string): Promise<boolean> {
  try {
    const options = { executionProviders: [provider], logSeverityLevel: 4 } as const;
    await (await InferenceSession.create(probeGraph(), options)).release();
    return true;
  } catch {
    return false;
  }
}

describe('execution providers', () => {
  it.each(['cuda', 'webgpu'] as const)(
    '%s: served with the scores of cpu where it exists, refused in one sentence where not',
    async (provider) => {
      const here = await isHere(provider);
      console.log(`    ${provider} is ${here ? '' : 'not '}available on this machine`);
      const opening = openScorer({ provider, workers: 1, maxQueuedRows: 1000, log: listLog() });
      if (!here) {
        await expect(opening).rejects.toMatchObject({ code: 'CONFIGURATION' });
        await expect(opening).rejects.toThrow(
          new RegExp(`^the execution provider cannot be used: ${provider}: .+$`),
        );
        return;
      }
      const scorer = await opening;
      try {
        await scorer.load(model);
        const { margin } = await scorer.score(model.sha256, table);
        expect(worstDisagreement(margin, naiveMargins(classifier, table))).toBeLessThan(1e-4);
        expect(scorer.stats().provider).toBe(provider);
      } finally {
        await scorer.close();
      }
    },
    120_000,
  );

  it('auto: takes the first that works, and says once what was passed over', async () => {
    const [cuda, webgpu] = [await isHere('cuda'), await isHere('webgpu')];
    const log = listLog();
    const scorer = await openScorer({ provider: 'auto', workers: 2, maxQueuedRows: 1000, log });
    try {
      await scorer.load(model);
      const { margin } = await scorer.score(model.sha256, table);
      expect(worstDisagreement(margin, naiveMargins(classifier, table))).toBeLessThan(1e-4);
      expect(scorer.stats().provider).toBe(cuda ? 'cuda' : webgpu ? 'webgpu' : 'cpu');
      expect(log.lines.map(({ level }) => level)).toEqual(cuda ? [] : ['info']);
    } finally {
      await scorer.close();
    }
  }, 120_000);

  it('are tried in the order cuda, webgpu, cpu for auto, and alone when named', () => {
    expect(providerCandidates('auto')).toEqual(['cuda', 'webgpu', 'cpu']);
    expect(providerCandidates('cuda')).toEqual(['cuda']);
  });

  it('are passed over with the first line of their reason', async () => {
    const attempt = (provider: string): Promise<string> =>
      provider === 'cpu'
        ? Promise.resolve('fine')
        : Promise.reject(new Error(`\n  no ${provider} here\nstack of /a/path`));
    expect(await firstAccepted(['cuda', 'webgpu', 'cpu'], attempt)).toEqual({
      provider: 'cpu',
      value: 'fine',
      note: 'cuda: no cuda here; webgpu: no webgpu here',
    });
    await expect(firstAccepted(['cuda'], attempt)).rejects.toThrow('cuda: no cuda here');
  });
});
