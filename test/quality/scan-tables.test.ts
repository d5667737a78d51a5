import { expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import { scanTables } from '../../src/quality/scan-tables.js';

it.each([
  ['1997-10-01', 'the wall clock'],
  ['2999-01-01', 'the clock that questions are asked as of'],
])('as of %s rules take for now what is later: %s', async (asOf, later) => {
  const asked: { asOf: Date; now: Date }[] = [];
  const scan = scanTables({
    rules: () => Promise.resolve([]),
    lastScans: () => Promise.resolve(new Map()),
    scan: (request) => {
      asked.push(request);
      return Promise.reject(new Error('seen enough'));
    },
    writeScan: () => Promise.resolve(),
    publishScanned: () => undefined,
    newId: () => '00000000-0000-7000-8000-000000000000',
    clock: systemClock(new Date(asOf)),
  });
  const before = Date.now();
  const { signal } = new AbortController();
  await expect(scan({ tables: ['EVENT'], jobId: null, signal })).rejects.toThrow('seen enough');
  const [request] = asked;
  expect(request?.asOf).toEqual(new Date(asOf));
  if (later === 'the wall clock') expect(request?.now.getTime()).toBeGreaterThanOrEqual(before);
  else expect(request?.now).toEqual(new Date(asOf));
});
