import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { authorise } from '../../graphql/authorise.js';
import { liveAsOf, type RequestContext } from '../../graphql/context.js';
import type { Experiment } from '../experiment.js';
import { variantNodes, type ExperimentNode, type VariantNode } from '../experiment-nodes.js';
import { ExperimentType } from '../experiment.type.js';
import type { ExperimentResults } from './results.js';
import { ExperimentResultsType } from './results.type.js';

export interface ResultsResolverDeps {
  /** Read once a request. */
  results(context: RequestContext, experiment: Experiment, asOf: Date): Promise<ExperimentResults>;
  /** The report of results, with approvals. */
  report(experiment: Experiment, results: ExperimentResults): Promise<string>;
}

/** What an experiment has shown. */
@Resolver(() => ExperimentType)
export class ResultsResolver {
  constructor(private readonly deps: ResultsResolverDeps) {}

  @FieldResolver(() => ExperimentResultsType, {
    description:
      'What it has shown so far; looking often does not harm it. Up to three statements over its customers and their events for each experiment: ask for few at a time.',
  })
  async results(
    @Root() { row }: ExperimentNode,
    @Ctx() context: RequestContext,
  ): Promise<ExperimentResultsType> {
    authorise(context, 'experiment:read');
    return resultsType(row, await this.deps.results(context, row, liveAsOf(context)));
  }

  @FieldResolver(() => String, {
    description:
      'For audit, in markdown: data, parameters, metrics, decision, looks, and who approved and changed it.',
  })
  async report(@Root() { row }: ExperimentNode, @Ctx() context: RequestContext): Promise<string> {
    authorise(context, 'experiment:read');
    return this.deps.report(row, await this.deps.results(context, row, liveAsOf(context)));
  }
}

/** Keys of arms become arms. */
function resultsType(experiment: Experiment, results: ExperimentResults): ExperimentResultsType {
  const nodes = new Map(variantNodes(experiment).map((node) => [node.key, node]));
  const arm = (key: string): VariantNode => {
    const node = nodes.get(key);
    if (!node) throw new Error(`experiment ${experiment.key} has no arm ${key}`);
    return node;
  };
  return {
    ...results,
    winner: results.winner === null ? null : arm(results.winner),
    variants: results.variants.map((each) => ({
      ...each,
      variant: arm(each.variant),
      metrics: each.metrics.flatMap(({ metric: name, value, low, high }) =>
        value === null ? [] : [{ name, split: 'LIVE' as const, value, low, high }],
      ),
    })),
    comparisons: results.comparisons.map((each) => ({
      ...each,
      control: arm(each.control),
      treatment: arm(each.treatment),
    })),
  };
}
