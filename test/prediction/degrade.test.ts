import { describe, expect, it } from 'vitest';
import { AppError, type AppErrorCode } from '../../src/kernel/error.js';
import { manualClock } from '../../src/kernel/clock.js';
import {
  modelOrElse,
  type AskedRow,
  type InPlaceOfModel,
} from '../../src/prediction/degrade-answers.js';
import type { Degraded } from '../../src/prediction/degrade.messages.js';
import {
  CALM_MS,
  degradation,
  isModelFailure,
  TRY_EVERY_MS,
} from '../../src/prediction/degrade.js';
import { answerByFallback } from '../../src/prediction/fallback.js';
import type { LedgerRow } from '../../src/prediction/prediction.js';
import type { ServedModel } from '../../src/model/serving.js';
import { scoreCard } from '../../src/model/score-card/score-card.js';
import { listLog } from '../support/scorer.js';
import { servedModel } from '../support/served-model.js';

const AT = new Date('2026-06-01T12:00:00Z');
const CHURN = { id: 'churn-id', name: 'churn' };

function spells() {
  const clock = manualClock(AT);
  const log = listLog();
  const changes: Degraded[] = [];
  const state = degradation({
    log,
    monotonicMs: () => clock.monotonicMs(),
    onChange: (change) => changes.push(change),
  });
  return { clock, log, changes, state };
}

const gone = new AppError('UNAVAILABLE', 'the scorer worker died');
const late = new AppError('DEADLINE_EXCEEDED', 'no answer from the model within 2000 ms');

describe('a spell without the model', () => {
  it('is told once when it begins and once when it ends, however many answers fail', () => {
    const { clock, log, changes, state } = spells();
    for (let i = 0; i < 100; i++) {
      state.failed(CHURN, gone);
      state.answered(CHURN); // the other worker answers in between
      clock.advance(10);
    }
    expect(state.isDegraded(CHURN.id)).toBe(true);
    clock.advance(CALM_MS);
    state.answered(CHURN);
    state.answered(CHURN);
    expect(state.isDegraded(CHURN.id)).toBe(false);
    expect(changes).toEqual([
      { modelId: CHURN.id, degraded: true, why: 'the scorer worker died' },
      { modelId: CHURN.id, degraded: false, why: null },
    ]);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  it('keeps asking a model that fails at once, and one that was late only now and then until it answers', () => {
    const { clock, state } = spells();
    state.failed(CHURN, gone);
    expect(state.mayAsk(CHURN.id)).toBe(true);
    state.failed(CHURN, late);
    expect(state.mayAsk(CHURN.id)).toBe(false);
    clock.advance(TRY_EVERY_MS - 1);
    expect(state.mayAsk(CHURN.id)).toBe(false);
    clock.advance(1);
    expect([state.mayAsk(CHURN.id), state.mayAsk(CHURN.id)]).toEqual([true, false]);
    state.answered(CHURN);
    expect(state.mayAsk(CHURN.id)).toBe(true);
  });

  it('of one model leaves the others alone', () => {
    const { state } = spells();
    state.failed(CHURN, late);
    expect(state.mayAsk('fraud-id')).toBe(true);
    expect(state.isDegraded('fraud-id')).toBe(false);
  });

  it.each<[AppErrorCode, boolean]>([
    ['UNAVAILABLE', true],
    ['DEADLINE_EXCEEDED', true],
    ['INTERNAL', true],
    ['INVALID', false],
    ['NOT_FOUND', false],
    ['TOO_LARGE', false],
  ])('%s is the model’s failure: %s', (code, failure) => {
    expect(isModelFailure(new AppError(code, 'x'))).toBe(failure);
  });

  it('is not begun by who asked and gave up, nor by what is no failure of ours', () => {
    expect(isModelFailure(gone, AbortSignal.abort())).toBe(false);
    expect(isModelFailure(new Error('bug'))).toBe(false);
  });
});

const CARD = scoreCard.parse({
  base: -0.5,
  inputs: [
    { feature: 'purchase_count_30d', bounds: [2], categories: null, points: [1, -1, 0.25] },
    { feature: 'plan', bounds: null, categories: ['basic'], points: [0.5, -0.5] },
  ],
  auc: 0.8,
  logLoss: 0.4,
  agreement: 0.9,
});
const RULES = [
  {
    name: 'huge and new',
    when: [
      { feature: 'order_value', gt: 100_000 },
      { feature: 'plan', in: ['basic'] },
    ],
    probability: 0.9,
  },
  { name: 'never buys', when: [{ feature: 'purchase_count_30d', lte: 0 }], probability: 1 },
];

function served(parts: { rules?: typeof RULES; card?: typeof CARD | null } = {}): ServedModel {
  return servedModel({
    numeric: ['purchase_count_30d', 'order_value'],
    categorical: ['plan'],
    rules: parts.rules ?? [],
    scoreCard: parts.card === undefined ? CARD : parts.card,
  });
}

const inputs = (count: number, value: number, plan: string) => ({
  numeric: Float32Array.of(count, value),
  categorical: [plan],
});

describe('rules and score card', () => {
  it.each<[string, [number, number, string], number, string[]]>([
    ['the first rule that holds', [0, 200_000, 'basic'], 0.9, ['huge and new']],
    ['a later rule where the first does not hold', [0, 5, 'basic'], 1, ['never buys']],
    [
      'the card where no rule holds',
      [5, 5, 'basic'],
      1 / (1 + Math.exp(1)),
      [
        'purchase count 30d over 2 lowers the risk by the score card',
        'plan "basic" raises the risk by the score card',
      ],
    ],
    [
      'the card where all is missing: a missing value meets no rule',
      [NaN, NaN, ''],
      1 / (1 + Math.exp(0.75)),
      [
        'purchase count 30d unknown raises the risk by the score card',
        'plan unknown or another lowers the risk by the score card',
      ],
    ],
  ])('%s', (_, [count, value, plan], probability, texts) => {
    const answer = answerByFallback(served({ rules: RULES }), inputs(count, value, plan));
    expect(answer?.probability).toBeCloseTo(probability, 12);
    expect(answer?.lines.map(({ text }) => text)).toEqual(texts);
    const margin =
      answer?.lines.reduce((sum, line) => sum + line.contribution, answer.baseValue) ?? NaN;
    expect(1 / (1 + Math.exp(-margin))).toBeCloseTo(probability, 6);
  });

  it('say nothing where there are none', () => {
    expect(answerByFallback(served({ card: null }), inputs(1, 1, 'x'))).toBeNull();
  });
});

describe('an answer while the model cannot', () => {
  const clock = manualClock(AT);
  const asked = (userId: number, imagined = false): AskedRow => ({
    userId,
    imagined,
    inputs: inputs(5, 5, 'basic'),
  });
  const stored: LedgerRow = {
    id: 77,
    userId: 1,
    modelId: CHURN.id,
    modelVersionId: 'older',
    probability: 0.123,
    threshold: 0.4,
    source: 'MODEL',
    asOf: AT,
    scoredAt: AT,
    latencyMs: 3,
    inputs: inputs(1, 1, 'pro'),
    jobId: null,
    optedOut: false,
  };
  const failing = (error: Error) => ({
    score: () => Promise.reject(error),
  });
  const place = (change: Partial<InPlaceOfModel> = {}): InPlaceOfModel => ({
    degradation: spells().state,
    lastScores: ({ userIds }) => Promise.resolve(userIds.includes(1) ? [stored] : []),
    ...change,
  });
  const run = (
    deps: object,
    rows: AskedRow[],
    model = served(),
    signal = new AbortController().signal,
  ) =>
    modelOrElse({ scorer: failing(gone), clock, inPlaceOfModel: place(), ...deps }, model, rows, {
      asOf: AT,
      signal,
    });

  it('is the last stored score, else rules; of imagined inputs never a stored one', async () => {
    const said = await run({}, [asked(1), asked(2), asked(1, true)]);
    expect(said.map(({ by }) => by)).toEqual(['LAST_SCORE', 'RULES', 'RULES']);
    expect(said[0]).toMatchObject({ row: { id: 77, modelVersionId: 'older', probability: 0.123 } });
  });

  it('asks for scores no older than the bound, and none of after the instant asked as of', async () => {
    const queries: object[] = [];
    const lastScores: InPlaceOfModel['lastScores'] = (query) => {
      queries.push(query);
      return Promise.resolve([]);
    };
    await run({ inPlaceOfModel: place({ lastScores, lastScoreMaxAgeMs: 60_000 }) }, [
      asked(1),
      asked(1),
      asked(3),
    ]);
    const bound = new Date(AT.getTime() - 60_000);
    expect(queries).toEqual([
      { modelId: served().model.id, userIds: [1, 3], since: bound, asOfFrom: bound, asOfUntil: AT },
    ]);
  });

  it('is the failure for those whom nothing answers, and for them alone', async () => {
    const said = await run({}, [asked(1), asked(2)], served({ card: null }));
    expect(said.map(({ by }) => by)).toEqual(['LAST_SCORE', 'NOBODY']);
    expect(said[1]).toMatchObject({ error: { code: 'UNAVAILABLE' } });
  });

  it.each<[string, object, AbortSignal | undefined]>([
    ['bad input', { scorer: failing(new AppError('INVALID', 'bad input')) }, undefined],
    [
      'who asked gave up',
      { scorer: failing(new AppError('UNAVAILABLE', 'who asked gave up')) },
      AbortSignal.abort(),
    ],
    [
      'nothing may answer',
      {
        scorer: failing(new AppError('UNAVAILABLE', 'nothing may answer')),
        inPlaceOfModel: undefined,
      },
      undefined,
    ],
    [
      'Postgres is down',
      {
        inPlaceOfModel: place({ lastScores: () => Promise.reject(new Error('Postgres is down')) }),
      },
      undefined,
    ],
  ])('is thrown: %s', async (message, deps, signal) => {
    await expect(run(deps, [asked(1)], served(), signal)).rejects.toThrow(message);
  });

  it('does not wait for a model that was late a moment ago', async () => {
    let calls = 0;
    const inPlaceOfModel = place();
    const scorer = {
      score: () => {
        calls++;
        return Promise.reject(late);
      },
    };
    for (let i = 0; i < 5; i++)
      expect((await run({ scorer, inPlaceOfModel }, [asked(2)]))[0]?.by).toBe('RULES');
    expect(calls).toBe(1);
  });
});
