import DataLoader from 'dataloader';
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import { perRequest, type RequestContext } from '../graphql/context.js';
import type { Assignment, Experiment } from '../experiment/experiment.js';
import { assignmentNode, type AssignmentNode } from '../experiment/experiment-nodes.js';
import { AssignmentType } from '../experiment/experiment.type.js';
import { assignmentOf } from './assignment-of.js';
import type { PredictionNode } from './prediction-node.js';
import { PredictionType } from './prediction.type.js';

export interface PredictionAssignmentDeps {
  /** Of each customer the newest, newest first, in the order asked; one statement. */
  assignmentsOf(userIds: readonly number[]): Promise<Assignment[][]>;
  /** By uuid, per request. */
  experiment(context: RequestContext): DataLoader<string, Experiment | null>;
}

/** The experiment behind a prediction. */
@Resolver(() => PredictionType)
export class PredictionAssignmentResolver {
  private readonly ofUser: (context: RequestContext) => DataLoader<number, Assignment[]>;

  constructor(private readonly deps: PredictionAssignmentDeps) {
    this.ofUser = perRequest(() => new DataLoader((userIds) => deps.assignmentsOf(userIds)));
  }

  @FieldResolver(() => AssignmentType, {
    nullable: true,
    description:
      "The customer's arm in the experiment on this model that ran when this was scored; null where none did, for who was outside of it, and for who has opted out.",
  })
  async assignment(
    @Root() prediction: PredictionNode,
    @Ctx() context: RequestContext,
  ): Promise<AssignmentNode | null> {
    authorise(context, 'experiment:read');
    if (prediction.optedOut || prediction.eligibility === 'OPTED_OUT') return null;
    const assignments = await this.ofUser(context).load(prediction.userId);
    const known = await Promise.all(
      assignments.map(async (assignment) => {
        const experiment = await this.deps.experiment(context).load(assignment.experimentId);
        return experiment ? [{ assignment, experiment }] : [];
      }),
    );
    const found = assignmentOf(prediction, known.flat());
    return found && assignmentNode(found.experiment, found.assignment);
  }
}
