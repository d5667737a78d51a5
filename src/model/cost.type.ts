import { ArgsType, Field, Float } from 'type-graphql';
import { AppError } from '../kernel/error.js';
import type { CostMatrix } from './cost-report.js';

/** An explicit null means the default. */
const STANDARD: CostMatrix = {
  truePositive: 0,
  falsePositive: 10,
  falseNegative: 100,
  trueNegative: 0,
  savedPerTruePositive: 1000,
};

const cost = (defaultValue: number) => ({
  nullable: true,
  defaultValue,
  description: 'Cost of one, 0..1e12.',
});

/** A cost matrix as the arguments of a field. */
@ArgsType()
export class CostArguments {
  @Field(() => Float, cost(STANDARD.truePositive))
  truePositive!: number | null;
  @Field(() => Float, cost(STANDARD.falsePositive))
  falsePositive!: number | null;
  @Field(() => Float, cost(STANDARD.falseNegative))
  falseNegative!: number | null;
  @Field(() => Float, cost(STANDARD.trueNegative))
  trueNegative!: number | null;
  @Field(() => Float, {
    nullable: true,
    defaultValue: STANDARD.savedPerTruePositive,
    description: 'Loss that one true positive prevents, 0..1e12.',
  })
  savedPerTruePositive!: number | null;
}

/** So much of any cost that the total of all rows stays a number. */
const MOST = 1e12;

/** The costs asked for. @throws AppError INVALID for one outside 0..1e12, naming it */
export function costsOf(asked: CostArguments): CostMatrix {
  const costs: CostMatrix = {
    truePositive: asked.truePositive ?? STANDARD.truePositive,
    falsePositive: asked.falsePositive ?? STANDARD.falsePositive,
    falseNegative: asked.falseNegative ?? STANDARD.falseNegative,
    trueNegative: asked.trueNegative ?? STANDARD.trueNegative,
    savedPerTruePositive: asked.savedPerTruePositive ?? STANDARD.savedPerTruePositive,
  };
  for (const [name, value] of Object.entries(costs))
    if (!(value >= 0 && value <= MOST))
      throw new AppError('INVALID', `${name} must be 0..1e12, got ${value}`);
  return costs;
}
