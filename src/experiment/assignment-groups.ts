import { AppError } from '../kernel/error.js';
import type { GroupColumnOf } from '../user/user-groups.js';
import type { KnownExperiments } from './running-experiments.js';

/** Groups of customers by the arm they were told; the name of the dimension is the key of the experiment. */
export function assignmentDimension(
  experiments: Pick<KnownExperiments, 'idOf'>,
): Record<'ASSIGNMENT', GroupColumnOf> {
  return {
    ASSIGNMENT: ({ name, field, alias }, parameters) => {
      if (!name)
        throw new AppError('INVALID', `${field}: ASSIGNMENT needs the key of an experiment`);
      const id = experiments.idOf(name);
      if (id === null)
        throw new AppError('NOT_FOUND', `${field}: no experiment has the key ${name.slice(0, 80)}`);
      return {
        join: `left join assignment ${alias} on ${alias}.experiment_id = ${parameters.add(id, 'uuid')}
          and ${alias}.user_id = c.id and c.consent_profiling`,
        value: `${alias}.variant_key`,
      };
    },
  };
}
