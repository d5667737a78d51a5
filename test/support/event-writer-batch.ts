import type { EventRow } from '../../src/event/event.js';

/** The batch of a number: always the same rows, over 50 customers and three months. */
export function writerBatch(batch: number, size: number): EventRow[] {
  return Array.from({ length: size }, (_, i) => {
    const n = batch * size + i;
    return {
      source: 'shop',
      id: `w${n}`,
      user: `u${n % 50}`,
      type: 'purchase',
      at: new Date(Date.UTC(2026, n % 3, 1 + (n % 28))),
      value: n % 100,
      properties: null,
    };
  });
}
