import { describe, expect, it, test } from 'vitest';
import type { JobStatus } from '../../src/job/job.js';
import { DAY_MS, manualClock } from '../../src/kernel/clock.js';
import type { Model } from '../../src/model/model.js';
import { modelSpec, type ModelSpec } from '../../src/model/model-spec.js';
import { nextTrainingAt } from '../../src/model/schedule.js';
import { trainOnSchedule, type TrainOnScheduleDeps } from '../../src/model/scheduled-training.js';
import { churnSpec } from '../support/demo-shop.js';

const START = new Date('2026-03-01T03:05:00.000Z');
const WEEKLY = { everyDays: 7, promote: 'IF_BETTER' } as const;
const hours = (n: number): number => n * 3_600_000;

function model(spec: Partial<ModelSpec>): Model {
  const { name, task, description } = churnSpec(spec);
  const id = '01900000-0000-7000-8000-000000000001';
  return { id, name, task, description, spec: churnSpec(spec), createdAt: START };
}

/** Trainings asked for so many milliseconds before the look, newest first. */
type Asked = [status: JobStatus, ago: number][];

/** What one look submits. */
async function look(models: Model[], asked: Asked, change: Partial<TrainOnScheduleDeps> = {}) {
  const clock = manualClock(START);
  const submitted: { kind: string; input: object; by: string }[] = [];
  const refused: string[] = [];
  const ids = await trainOnSchedule({
    listModels: () => Promise.resolve(models),
    lastTrainings: (names) =>
      Promise.resolve(
        asked.flatMap(([status, ago], k) =>
          names.map((name) => ({
            ...{ model: name, id: String(k), status },
            askedAt: new Date(START.getTime() - ago),
          })),
        ),
      ),
    alone: (work) => work(),
    submitJob: (kind, input, by) => {
      submitted.push({ kind, input, by });
      return Promise.resolve({
        ...{ id: `job ${submitted.length}`, kind, status: 'QUEUED', progress: 0, stage: 'queued' },
        ...{ attempts: 0, input: {}, result: null, error: null, createdAt: START, startedAt: null },
        ...{ finishedAt: null, createdBy: by, revision: 0 },
      });
    },
    clock,
    onRefused: (name, why) => refused.push(`${name}: ${why}`),
    ...change,
  });
  return { ids, submitted, refused };
}

describe('a nightly look at the schedules', () => {
  test.each<[string, Asked, boolean]>([
    ['never trained', [], true],
    ['succeeded as many days ago', [['SUCCEEDED', 7 * DAY_MS]], true],
    ['succeeded long ago', [['SUCCEEDED', 300 * DAY_MS]], true],
    ['succeeded a day too few ago', [['SUCCEEDED', 6 * DAY_MS]], false],
    ['asked for a minute later in its night', [['SUCCEEDED', 7 * DAY_MS - hours(1 / 60)]], true],
    ['summer time began since', [['SUCCEEDED', 7 * DAY_MS - hours(1)]], true],
    ['just beyond what may be early', [['SUCCEEDED', 7 * DAY_MS - hours(2) - 1]], false],
    ['the clock was set back ten minutes since', [['SUCCEEDED', -hours(1 / 6)]], false],
    ['queued, however long', [['QUEUED', 300 * DAY_MS]], false],
    ['running while a newer one has ended', [['RUNNING', 9 * DAY_MS], ['SUCCEEDED', 8 * DAY_MS]], false], // prettier-ignore
    ['failed a moment ago', [['FAILED', hours(1)]], false],
    ['failed the night before', [['FAILED', DAY_MS], ['SUCCEEDED', 8 * DAY_MS]], true], // prettier-ignore
    ['failed the night before, its first', [['FAILED', DAY_MS]], true],
    ['failed two nights in a row', [['FAILED', DAY_MS], ['FAILED', 2 * DAY_MS]], false], // prettier-ignore
    ['failed twice, and as many days have passed', [['FAILED', 7 * DAY_MS], ['FAILED', 8 * DAY_MS]], true], // prettier-ignore
    ['cancelled the night before', [['CANCELLED', DAY_MS]], false],
    ['cancelled as many days ago', [['CANCELLED', 7 * DAY_MS]], true],
  ])('%s: asked for %#', async (_, asked, due) => {
    const { submitted } = await look([model({ schedule: WEEKLY })], asked);
    expect(submitted).toHaveLength(due ? 1 : 0);
  });

  it('asks as the spec plans it, with what becomes of the version, in the name of the schedule', async () => {
    const scheduled = model({ schedule: { everyDays: 1, promote: 'NO' } });
    const { ids, submitted } = await look([model({}), scheduled], []);
    expect(ids).toEqual(['job 1']);
    expect(submitted[0]).toMatchObject({
      ...{ kind: 'TRAIN', by: 'schedule' },
      input: {
        ...{ model: 'churn', label: 'BEHAVIOUR', horizonDays: 30, promote: 'NO' },
        asOf: new Date(START.getTime() + 1 - 30 * DAY_MS).toISOString(),
        trials: scheduled.spec.trials,
      },
    });
  });

  it('tells of a training that cannot be planned, and goes on with the others', async () => {
    const broken = model({ schedule: WEEKLY });
    const impossible = { ...broken, name: 'broken', spec: { ...broken.spec, trials: 0 } };
    const { ids, refused } = await look([impossible, model({ schedule: WEEKLY })], []);
    expect(ids).toEqual(['job 1']);
    expect(refused).toEqual(['broken: trials must be a whole number 1..200, got 0']);
  });

  it('leaves at once where another is at it', async () => {
    const alone = () => Promise.resolve(null);
    expect((await look([model({ schedule: WEEKLY })], [], { alone })).ids).toEqual([]);
  });
});

describe('when the next training is due', () => {
  it('is told for a model never trained, after one that ended, and not while one runs', () => {
    const run = { id: 'a', askedAt: START };
    expect(nextTrainingAt(WEEKLY, [], START)).toEqual(START);
    expect(nextTrainingAt(WEEKLY, [{ ...run, status: 'SUCCEEDED' }], new Date(0))).toEqual(
      new Date('2026-03-08T03:05:00.000Z'),
    );
    expect(nextTrainingAt(WEEKLY, [{ ...run, status: 'FAILED' }], new Date(0))).toEqual(
      new Date('2026-03-02T03:05:00.000Z'),
    );
    expect(nextTrainingAt(WEEKLY, [{ ...run, status: 'RUNNING' }], new Date(0))).toBeNull();
  });
});

describe('the schedule of a spec', () => {
  test.each<[string, unknown, string | null]>([
    ['is none where it is left out', undefined, null],
    ['is none', null, null],
    ['has a day at least', { everyDays: 0, promote: 'NO' }, 'everyDays'],
    ['has 3,650 days at most', { everyDays: 3651, promote: 'NO' }, 'everyDays'],
    ['has whole days', { everyDays: 1.5, promote: 'NO' }, 'everyDays'],
    ['never promotes unseen', { everyDays: 1, promote: 'YES' }, 'promote'],
    ['needs both', { everyDays: 1 }, 'promote'],
  ])('%s', (_, schedule, field) => {
    const parsed = modelSpec.safeParse({ ...churnSpec(), schedule });
    if (field === null) expect(parsed.data?.schedule).toBeNull();
    else expect(parsed.error?.issues[0]?.path).toEqual(['schedule', field]);
  });
});
