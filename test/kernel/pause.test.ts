import { expect, it } from 'vitest';
import { pause } from '../../src/kernel/pause.js';

it('ends when its time is over, and at once when the signal fires or had fired before', async () => {
  const ended = new AbortController();
  await pause(1, ended.signal);
  const order: string[] = [];
  const paused = pause(3_600_000, ended.signal).then(() => order.push('paused'));
  order.push('fired');
  ended.abort();
  await paused;
  await pause(3_600_000, ended.signal);
  expect(order).toEqual(['fired', 'paused']);
});
