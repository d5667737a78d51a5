import { encodeId } from '../kernel/id.js';
import type { Assignment, Experiment, Variant } from './experiment.js';

/** An experiment as the graph shows it; the room's fields are answered from `row`. */
export type ExperimentNode = Omit<Experiment, 'id' | 'variants' | 'modelId' | 'winner'> & {
  /** `Experiment:<uuid>` */
  id: string;
  row: Experiment;
};

/** An arm as the graph shows it. */
export type VariantNode = Omit<Variant, 'modelVersionId'> & {
  /** `Variant:<uuid of the experiment>/<key>` */
  id: string;
  experimentId: string;
  row: Variant;
};

/** A customer in an arm, with the experiment and the arm. */
export type AssignmentNode = Omit<Assignment, 'experimentId' | 'userId' | 'variantKey'> & {
  experiment: ExperimentNode;
  variant: VariantNode;
};

/** Row to node. */
export function experimentNode(row: Experiment): ExperimentNode {
  return { ...row, id: encodeId('Experiment', row.id), row };
}

/** The arms of an experiment, in their order. */
export function variantNodes({ id, variants }: Experiment): VariantNode[] {
  return variants.map((row) => ({
    ...row,
    id: encodeId('Variant', `${id}/${row.key}`),
    experimentId: id,
    row,
  }));
}

/** One of the arms, or null. */
export function variantNode(experiment: Experiment, key: string): VariantNode | null {
  return variantNodes(experiment).find((node) => node.key === key) ?? null;
}

/** Null when the experiment has no arm of that key. */
export function assignmentNode(
  experiment: Experiment,
  { source, assignedAt, exposures, lastExposedAt, variantKey }: Assignment,
): AssignmentNode | null {
  const variant = variantNode(experiment, variantKey);
  return (
    variant && {
      ...{ source, assignedAt, exposures, lastExposedAt, variant },
      experiment: experimentNode(experiment),
    }
  );
}
