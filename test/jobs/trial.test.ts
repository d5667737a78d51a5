import { describe, expect, it } from 'vitest';
import { forgettingTrials, trialProcessor } from '../../jobs/trial.js';
import { UnrecoverableJobError, type Delivery } from '../../src/plant/ports.js';

const { signal } = new AbortController();
const delivery = (payload: unknown): Delivery => ({ payload, attempt: 1, signal });

describe('the processor of trials', () => {
  it('helps the job that the payload names', async () => {
    const helped: string[] = [];
    const process = trialProcessor({
      help: (jobId) => {
        helped.push(jobId);
        return Promise.resolve();
      },
    });
    const jobId = '0192f0c8-0000-7000-8000-000000000001';
    await process(delivery({ jobId }));
    expect(helped).toEqual([jobId]);
  });

  it.each([{}, { jobId: 'x' }, null])('refuses %j for good', async (payload) => {
    const process = trialProcessor({ help: () => Promise.reject(new Error('must not be asked')) });
    await expect(process(delivery(payload))).rejects.toBeInstanceOf(UnrecoverableJobError);
  });
});

describe('the processor of trainings', () => {
  it.each([
    ['done', () => Promise.resolve()],
    ['failed', () => Promise.reject(new Error('no'))],
  ])('forgets what was kept for trials after a training is %s', async (_how, train) => {
    const order: string[] = [];
    const process = forgettingTrials(
      () => {
        order.push('train');
        return train();
      },
      () => {
        order.push('forget');
        return Promise.resolve();
      },
    );
    await process(delivery({})).catch(() => undefined);
    expect(order).toEqual(['train', 'forget']);
  });
});
