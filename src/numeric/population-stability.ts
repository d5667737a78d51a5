/**
 * Population stability index of `actual` against `expected`, natural log.
 * Zero when the shares are equal, symmetric, never negative; shares below `epsilon` count as `epsilon`.
 * @param expected counts of the reference window, shape [bins], sum > 0
 * @param actual counts of the live window, shape [bins], same bins, sum > 0
 * @throws RangeError if lengths differ or a window is empty
 * Source: Siddiqi, Credit Risk Scorecards (2006). Cost: O(bins), allocates nothing.
 */
export function populationStabilityIndex(
  expected: Float64Array,
  actual: Float64Array,
  epsilon = 1e-6,
): number {
  if (expected.length !== actual.length)
    throw new RangeError(
      `expected and actual must have equal lengths, got ${expected.length} and ${actual.length}`,
    );
  let expectedSum = 0;
  let actualSum = 0;
  for (let i = 0; i < expected.length; i++) {
    expectedSum += expected[i]!;
    actualSum += actual[i]!;
  }
  if (!(expectedSum > 0 && actualSum > 0))
    throw new RangeError(`both windows must hold rows, got ${expectedSum} and ${actualSum}`);
  let index = 0;
  for (let i = 0; i < expected.length; i++) {
    const e = Math.max(expected[i]! / expectedSum, epsilon);
    const a = Math.max(actual[i]! / actualSum, epsilon);
    index += (a - e) * Math.log(a / e);
  }
  return index;
}
