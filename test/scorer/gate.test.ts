import { expect, it } from 'vitest';
import { NativeGate } from '../../src/scorer/gate.js';

it('lets work in, one after the other, until it is closed', async () => {
  const gate = new NativeGate();
  expect(await gate.inside(() => Promise.resolve(1))).toBe(1);
  await expect(gate.inside(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await gate.inside(() => Promise.resolve(2))).toBe(2);
  gate.close(0);
  await expect(gate.inside(() => Promise.resolve(3))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
});

it('closed while work is inside: the work comes to its end, nothing enters after it', async () => {
  const gate = new NativeGate();
  let finish = (): void => undefined;
  const work = gate.inside(
    () =>
      new Promise<string>((resolve) => {
        finish = () => {
          resolve('done');
        };
      }),
  );
  const start = performance.now();
  new NativeGate(gate.shared).close(30);
  expect(performance.now() - start).toBeGreaterThanOrEqual(25);
  finish();
  expect(await work).toBe('done');
  await expect(gate.inside(() => Promise.resolve(1))).rejects.toMatchObject({
    message: 'the scorer is closed',
  });
});
