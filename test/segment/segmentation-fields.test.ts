import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import type { RequestContext } from '../../src/graphql/context.js';
import type { SegmentationNode } from '../../src/segment/segment-nodes.js';
import {
  SegmentationFieldsResolver,
  type SegmentationFieldsDeps,
} from '../../src/segment/segmentation-fields.resolver.js';

const resolver = new SegmentationFieldsResolver({
  liveSizes: () =>
    Promise.resolve(
      new Map([
        ['a', 30],
        ['b', 10],
      ]),
    ),
} as unknown as SegmentationFieldsDeps);
const node = (live: boolean) =>
  ({ live, model: { id: 'm' }, report: { diversity: 0.9 } }) as unknown as SegmentationNode;
const context = { viewer: { role: 'CRM' } } as unknown as RequestContext;

describe('diversity', () => {
  it('of the live version is that of the customers now, of any other that of its making', async () => {
    expect(await resolver.diversity(node(true), context)).toBeCloseTo(
      1 - 0.75 ** 2 - 0.25 ** 2,
      12,
    );
    expect(await resolver.diversity(node(false), context)).toBe(0.9);
  });
});
