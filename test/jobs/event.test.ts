import { describe, expect, it } from 'vitest';
import { eventProcessor } from '../../jobs/event.js';
import { upkeepProcessor } from '../../jobs/schedule.js';
import { keptLog } from '../support/quiet-log.js';

const delivery = (payload: unknown) => ({
  payload,
  attempt: 1,
  signal: new AbortController().signal,
});

describe('the queue of events', () => {
  it('looks after events, and says what is gone and what waits', async () => {
    const log = keptLog();
    const process = eventProcessor({
      lookAfterEvents: () =>
        Promise.resolve({ dropped: ['event_2025_01'], busy: ['event_2025_02'] }),
      log,
    });
    await process(delivery({ task: 'look-after-events' }));
    expect(log.lines.map(({ level }) => level)).toEqual(['info', 'warn']);
    await expect(process(delivery({ task: 'drop-everything' }))).rejects.toThrow(
      'not a task for events',
    );
  });
});

describe('the queue of upkeep', () => {
  it('does what it is told, and refuses what it does not know', async () => {
    const done: string[] = [];
    const process = upkeepProcessor({
      'sweep-jobs': () => Promise.resolve(done.push('sweep')),
      'forget-rejected-rows': () => Promise.resolve(done.push('forget')),
      'scan-quality': () => Promise.resolve(done.push('scan')),
      'profile-features': () => Promise.resolve(done.push('profile')),
      'forget-trials': () => Promise.resolve(done.push('trials')),
      'fill-reviews': () => Promise.resolve(done.push('reviews')),
      'train-on-schedule': () => Promise.resolve(done.push('trainings')),
      'look-after-ledger': () => Promise.resolve(done.push('ledger')),
      'assign-segments': () => Promise.resolve(done.push('segments')),
      'detect-drift': () => Promise.resolve(done.push('drift')),
      'look-at-experiments': () => Promise.resolve(done.push('experiments')),
      'evaluate-alerts': () => Promise.resolve(done.push('alerts')),
      'forget-service-samples': () => Promise.resolve(done.push('samples')),
      'write-daily-report': () => Promise.resolve(done.push('report')),
      'forget-feed': () => Promise.resolve(done.push('feed')),
    });
    for (const task of ['forget-rejected-rows', 'sweep-jobs', 'look-after-ledger', 'fill-reviews'])
      await process(delivery({ task }));
    await expect(process(delivery({}))).rejects.toThrow('not an upkeep task');
    expect(done).toEqual(['forget', 'sweep', 'ledger', 'reviews']);
  });
});
