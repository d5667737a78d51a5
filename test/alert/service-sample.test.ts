import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordService } from '../../src/alert/record-service.js';
import {
  BUCKET_SECONDS,
  isOwnFault,
  operationCall,
  quantileOf,
  sampleCounter,
  type ServiceCall,
  type ServiceSample,
} from '../../src/alert/service-sample.js';

const minute = new Date('2026-06-01T10:05:00Z');
const call = (change: Partial<ServiceCall> = {}): ServiceCall => ({
  ...{ kind: 'prediction', name: 'churn', requests: 1, errors: 0, fallbacks: 0, seconds: 0.02 },
  ...change,
});

describe('counts of a process', () => {
  it('are kept by clock minute, kind and name', () => {
    const counter = sampleCounter();
    counter.add(call({ requests: 3, errors: 1, seconds: 0.2 }), new Date('2026-06-01T10:05:59Z'));
    counter.add(call({ fallbacks: 1 }), minute);
    counter.add(call({ kind: 'operation', name: '' }), minute);
    counter.add(call(), new Date('2026-06-01T10:06:00Z'));
    counter.add(call({ requests: 0 }), minute);
    const taken = counter.take();
    expect(taken).toHaveLength(3);
    const [first] = taken;
    expect(first).toMatchObject({ at: minute, requests: 4, errors: 1, fallbacks: 1 });
    expect(first?.seconds).toBeCloseTo(0.62, 12);
    expect(first?.buckets.reduce((sum, count) => sum + count)).toBe(4);
    expect(counter.take()).toEqual([]);
  });

  it('give a quantile within the bucket that holds it', () => {
    expect(quantileOf([], 0.5)).toBeNull();
    const counter = sampleCounter();
    counter.add(call({ requests: 95, seconds: 0.02 }), minute);
    counter.add(call({ requests: 5, seconds: 3 }), minute);
    const buckets = counter.take()[0]?.buckets ?? [];
    expect(quantileOf(buckets, 0.95)).toBeCloseTo(0.025, 12);
    expect(quantileOf(buckets, 0.96)).toBeCloseTo(3, 12);
    counter.add(call({ seconds: 100 }), minute);
    expect(quantileOf(counter.take()[0]?.buckets ?? [], 0.5)).toBe(30);
  });

  it('never give a quantile outside the bucket of the true one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 25, noNaN: true }), { minLength: 1, maxLength: 50 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, share) => {
          const counter = sampleCounter();
          for (const seconds of values) counter.add(call({ seconds }), minute);
          const told = quantileOf(counter.take()[0]?.buckets ?? [], share) ?? NaN;
          const sorted = [...values].sort((a, b) => a - b);
          const rank = Math.ceil(share * values.length - 1e-9);
          const exact = sorted[Math.max(0, rank - 1)] ?? NaN;
          const high = BUCKET_SECONDS.find((bound) => exact <= bound) ?? Infinity;
          const low = [...BUCKET_SECONDS].reverse().find((bound) => exact > bound) ?? 0;
          expect(told).toBeGreaterThanOrEqual(low);
          expect(told).toBeLessThanOrEqual(high);
        },
      ),
    );
  });

  it.each([
    [[], false],
    [['FORBIDDEN'], false],
    [['GRAPHQL_VALIDATION_FAILED'], false],
    [['SLOW_SUBSCRIBER'], false],
    [['toString'], false],
    [['FORBIDDEN', 'INTERNAL'], true],
    [['UNAVAILABLE'], true],
    [['DEADLINE_EXCEEDED'], true],
    [['UNKNOWN'], true],
  ])('call %j our own fault: %s', (codes, wanted) => {
    expect(isOwnFault(codes)).toBe(wanted);
    const counted = operationCall({ errorCodes: codes, counts: { milliseconds: 250 } });
    expect(counted).toMatchObject({ requests: 1, errors: wanted ? 1 : 0, seconds: 0.25 });
  });
});

describe('the recorder', () => {
  it('writes what was counted, keeps what could not be written, and writes the rest when closed', async () => {
    const written: ServiceSample[][] = [];
    const failures: unknown[] = [];
    let broken = true;
    const recorder = recordService({
      write: (samples) => {
        if (broken) return Promise.reject(new Error('away'));
        written.push([...samples]);
        return Promise.resolve();
      },
      wall: () => minute,
      onFailure: (error) => failures.push(error),
    });
    recorder.record(call());
    await recorder.flush();
    expect([written.length, failures.length]).toEqual([0, 1]);
    broken = false;
    recorder.record(call({ errors: 1 }));
    await recorder.close();
    expect(written.flat()).toMatchObject([{ requests: 2, errors: 1 }]);
  });
});
