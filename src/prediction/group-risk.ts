import { AppError } from '../kernel/error.js';
import type { ModelSpec } from '../model/model-spec.js';
import type { Serving } from '../model/serving.js';
import type { GroupColumnOf } from '../user/user-groups.js';

const STANDARD_MODEL = 'churn';

/**
 * Groups of customers by the band of their newest stored score, of whichever version of the model; who has none, or
 * does not agree to profiling, is in no band. One look into the index of the ledger a customer.
 * @throws AppError INVALID naming the dimension whose model is not in production
 */
export function riskDimension(serving: Pick<Serving, 'current'>): GroupColumnOf {
  return ({ name, field, alias }, parameters) => {
    const wanted = name ?? STANDARD_MODEL;
    const served = serving.current(wanted);
    if (!served)
      throw new AppError(
        'INVALID',
        `${field}: no model named ${wanted.slice(0, 80)} is in production`,
      );
    const { id, spec } = served.model;
    return {
      join: `left join lateral (select p.probability from prediction p
        where p.user_id = c.id and p.model_id = ${parameters.add(id, 'uuid')} and c.consent_profiling
        order by p.id desc limit 1) ${alias} on true`,
      value: bandOf(`${alias}.probability`, spec.riskBands, (bound) =>
        parameters.add(bound, 'float8'),
      ),
    };
  };
}

/** As `riskOf`, in SQL; null of no score. */
function bandOf(
  probability: string,
  { medium, high, critical }: ModelSpec['riskBands'],
  bound: (value: number) => string,
): string {
  return `(case when ${probability} < ${bound(medium)} then 'LOW'
    when ${probability} < ${bound(high)} then 'MEDIUM'
    when ${probability} < ${bound(critical)} then 'HIGH'
    when ${probability} is not null then 'CRITICAL' end)`;
}
