import { randomStream } from '../../src/numeric/random.js';

/** A heap of customers: of each attribute the middle and the width around it, or a text. */
export interface Heap {
  prefix: string;
  count: number;
  attributes: Readonly<Record<string, readonly [middle: number, width: number] | string>>;
}

/** Customers in heaps by key `<prefix>-<n>`, evenly spread over their width; the same seed gives the same. */
export function heaps(
  wanted: readonly Heap[],
  seed = 1,
): Record<string, Record<string, number | string>> {
  const random = randomStream(seed);
  const customers: Record<string, Record<string, number | string>> = {};
  for (const { prefix, count, attributes } of wanted)
    for (let i = 0; i < count; i += 1)
      customers[`${prefix}-${i}`] = Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [
          name,
          typeof value === 'string' ? value : value[0] + (random() - 0.5) * value[1],
        ]),
      );
  return customers;
}
