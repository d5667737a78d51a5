import type { ExperimentLooks } from './compose-experiment-looks.js';
import type { Experiment } from './experiment/experiment.js';
import type { ExperimentResults } from './experiment/results/results.js';
import { ResultsResolver } from './experiment/results/results.resolver.js';
import { perRequest, type RequestContext } from './graphql/context.js';

/** `Experiment.results` and `Experiment.report`, read once a request. */
export function composeExperimentResults(looks: Pick<ExperimentLooks, 'read' | 'report'>): {
  resolvers: object[];
  /** The results of an experiment, once a request. */
  results(context: RequestContext, experiment: Experiment, asOf: Date): Promise<ExperimentResults>;
} {
  const known = perRequest(() => new Map<string, Promise<ExperimentResults>>());
  const results = (
    context: RequestContext,
    experiment: Experiment,
    asOf: Date,
  ): Promise<ExperimentResults> => {
    const answers = known(context);
    let answer = answers.get(experiment.id);
    if (!answer) answers.set(experiment.id, (answer = looks.read(experiment, asOf)));
    return answer;
  };
  return { resolvers: [new ResultsResolver({ results, report: looks.report })], results };
}
