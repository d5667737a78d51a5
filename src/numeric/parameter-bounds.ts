/** What a number given as a parameter may be. */
export interface Bound {
  low: number;
  high: number;
  /** The low end itself is not allowed. */
  open?: boolean;
  integer?: boolean;
}

/** Seeds of random streams. */
export const seedBound: Bound = { low: 0, high: 4294967295, integer: true };

/** @throws RangeError naming the first parameter outside its bound, its value and the bound */
export function checkBounds<Name extends string>(
  parameters: Readonly<Record<NoInfer<Name>, number>>,
  bounds: Readonly<Record<Name, Bound>>,
): void {
  for (const name of Object.keys(bounds) as Name[]) {
    const value = parameters[name];
    const bound = bounds[name];
    const inside =
      value >= bound.low && value <= bound.high && !(bound.open && value === bound.low);
    if (inside && (!bound.integer || Number.isInteger(value))) continue;
    const kind = bound.integer ? 'an integer ' : '';
    const from = bound.open ? `above ${String(bound.low)} up to` : `${String(bound.low)} to`;
    throw new RangeError(
      `${name} must be ${kind}${from} ${String(bound.high)}, got ${String(value)}`,
    );
  }
}
