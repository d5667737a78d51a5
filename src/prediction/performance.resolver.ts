import { Arg, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { DAY_MS } from '../kernel/clock.js';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { DateTime } from '../graphql/scalars.js';
import type { ModelNode } from '../model/model-nodes.js';
import { ModelType } from '../model/model.type.js';
import { performanceOf, type PerformanceDeps, type PerformanceStep } from './performance.js';
import { PerformancePointType, PerformanceStep as Step } from './performance.type.js';

/** The window of a series that names none. */
const STANDARD_DAYS = 30;

/** The field of a model that says how it did. */
@Resolver(() => ModelType)
export class PerformanceResolver {
  constructor(private readonly deps: PerformanceDeps) {}

  @FieldResolver(() => [PerformancePointType], {
    description:
      'How it did by day or month, judged by outcomes: the one that names the score, else the first at or after its `asOf` within the horizon. A label that comes in late changes points of the past. At most 400 days by DAY, 3,660 by MONTH.',
  })
  async performance(
    @Root() { key, spec }: ModelNode,
    @Arg('since', () => DateTime, {
      nullable: true,
      description: 'Scored at or after this; 30 days before `until` when left out.',
    })
    since: Date | null,
    @Arg('until', () => DateTime, {
      nullable: true,
      description: 'Scored before this; now when left out.',
    })
    until: Date | null,
    @Arg('by', () => Step, { defaultValue: Step.DAY, description: 'What makes one point.' })
    step: PerformanceStep,
    @Arg('slice', () => String, {
      nullable: true,
      description:
        'A profile attribute, or `segment:` with the key of a segmentation, one the spec names under slices or fairness: a point for each of its values.',
    })
    slice: string | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<PerformancePointType[]> {
    authorise(context, 'model:read');
    const end = until ?? new Date(context.clock.wall().getTime() + 1);
    const start = since ?? new Date(end.getTime() - STANDARD_DAYS * DAY_MS);
    const question = { since: start, until: end, step, slice: slice ?? null };
    if (spec === null) return []; // a segmentation has no outcomes
    const points = await performanceOf(this.deps, { id: key, spec }, question);
    return points.map(({ metrics, ...point }) => ({
      ...point,
      metrics: metrics.map((metric) => ({ ...metric, split: 'LIVE' as const })),
    }));
  }
}
