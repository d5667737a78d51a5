/**
 * The knee of a falling, convex curve, such as inertia over k: the point farthest below the straight line between its
 * ends, after both axes are scaled to 0..1. A local maximum of that distance counts when the distance then falls by
 * `sensitivity` mean steps before the next maximum; of several knees the most pronounced is returned. Null where there is
 * none: fewer than 3 points, a curve that does not fall, a straight line.
 * @param x ascending, shape [points] @param y shape [points], finite @throws RangeError if lengths differ
 * Source: Satopaa, Albrecht, Irwin, Raghavan, Finding a "Kneedle" in a Haystack (2011), without smoothing. Cost: O(points).
 */
export function kneeOf(x: ArrayLike<number>, y: ArrayLike<number>, sensitivity = 1): number | null {
  const points = x.length;
  if (points !== y.length) {
    throw new RangeError(`x and y must have equal lengths, got ${points} and ${y.length}`);
  }
  if (points < 3 || !(y[0]! > y[points - 1]!)) return null;
  const distance = distancesBelowChord(x, y);
  const fall = sensitivity / (points - 1);
  let knee: number | null = null;
  for (let i = 1; i < points - 1; i++) {
    if (!isPeak(distance, i) || !fallsAfter(distance, i, fall)) continue;
    if (knee === null || distance[i]! > distance[knee]!) knee = i;
  }
  return knee;
}

/** (1 - scaled y) - scaled x: 0 at both ends, positive where the curve sags. */
function distancesBelowChord(x: ArrayLike<number>, y: ArrayLike<number>): Float64Array {
  const last = x.length - 1;
  const values = Array.from(y);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return Float64Array.from(
    values,
    (value, i) => (most - value) / (most - least) - (x[i]! - x[0]!) / (x[last]! - x[0]!),
  );
}

function isPeak(distance: Float64Array, i: number): boolean {
  return distance[i]! > 0 && distance[i]! > distance[i - 1]! && distance[i]! >= distance[i + 1]!;
}

function fallsAfter(distance: Float64Array, peak: number, fall: number): boolean {
  for (let i = peak + 1; i < distance.length; i++) {
    if (distance[i]! < distance[peak]! - fall) return true;
    if (distance[i]! > distance[peak]!) return false;
  }
  return false;
}
