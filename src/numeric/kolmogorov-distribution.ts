import { logGamma } from './special-functions.js';

/** Above it the matrix of Durbin would be large, and the series of Pelz and Good is exact enough. */
const SMALL = 140;
/** Terms summed of the one-sided tail; a longer sum is a smooth bell, of which so many points give all digits. */
const MOST_TERMS = 8_192;

/**
 * Chance that the two-sided Kolmogorov statistic of `n` uniform draws is above `d`, 0..1.
 * Durbin's matrix (Marsaglia, Tsang and Wang, 2003) for few draws or a small `d`, the series of Pelz and Good (1976) in the
 * middle, twice the one-sided tail far out, chosen as Simard and L'Ecuyer (2011) say; scipy's `kstwo.sf`. Relative
 * error below 1e-6 down to 1e-300. @throws RangeError unless n is a whole number from 1 on
 */
export function upperKolmogorov(d: number, n: number): number {
  if (!(Number.isInteger(n) && n >= 1))
    throw new RangeError(`n must be a whole number >= 1, got ${n}`);
  if (!(d > 0)) return 1;
  if (d >= 1) return 0;
  const t = n * d;
  if (t <= 0.5) return 1;
  if (t <= 1) return clip(1 - Math.exp(logGamma(n + 1) + n * Math.log((2 * t - 1) / n)));
  if (t >= n - 1) return clip(2 * (1 - d) ** n);
  const square = t * d;
  if (square >= 370) return 0;
  if (d >= 0.5 || square >= (n <= SMALL ? 4 : 2.2)) return clip(2 * upperSmirnov(d, n));
  if (n <= SMALL || (n <= 100_000 && n * d ** 1.5 <= 1.4)) return clip(1 - durbin(d, n));
  return clip(1 - pelzGood(d, n));
}

function clip(chance: number): number {
  return Math.min(1, Math.max(0, chance));
}

/**
 * Chance that the one-sided statistic of `n` uniform draws is above `d`: the exact sum of Smirnov (1944) and Birnbaum and
 * Tingey (1951), of which every so many a term is taken where there are many.
 */
function upperSmirnov(d: number, n: number): number {
  const last = Math.floor(n * (1 - d));
  const step = Math.max(1, Math.floor(last / MOST_TERMS));
  const logFactorial = logGamma(n + 1);
  let sum = 0;
  for (let j = 0; j <= last; j += step) {
    const rest = 1 - d - j / n;
    const power = rest > 0 ? (n - j) * Math.log(rest) : j === n ? 0 : -Infinity;
    const choose = logFactorial - logGamma(j + 1) - logGamma(n - j + 1);
    sum += Math.exp(choose + (j - 1) * Math.log(d + j / n) + power);
  }
  return d * step * sum;
}

/** Chance of at most `d`: the middle element of n! / n^n times the n-th power of Durbin's matrix. */
function durbin(d: number, n: number): number {
  const k = Math.ceil(n * d);
  const size = 2 * k - 1;
  let base = { values: durbinMatrix(k - n * d, size), exponent: 0 };
  let power: typeof base | null = null;
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = power ? product(power, base, size) : base;
    if (rest > 1) base = product(base, base, size);
  }
  if (!power) return 0;
  const middle = power.values[(k - 1) * size + k - 1]!;
  return Math.exp(Math.log(middle) + power.exponent * Math.LN2 + logGamma(n + 1) - n * Math.log(n));
}

function durbinMatrix(h: number, size: number): Float64Array {
  const matrix = new Float64Array(size * size);
  const inverseFactorial = new Float64Array(size + 1).fill(1);
  for (let i = 1; i <= size; i++) inverseFactorial[i] = inverseFactorial[i - 1]! / i;
  for (let row = 0; row < size; row++)
    for (let column = 1; column <= Math.min(row + 1, size - 1); column++)
      matrix[row * size + column] = inverseFactorial[row + 1 - column]!;
  for (let row = 0; row < size; row++) {
    const corner = row === size - 1;
    const edge = corner ? 1 + Math.max(2 * h - 1, 0) ** size - 2 * h ** size : 1 - h ** (row + 1);
    const value = edge * inverseFactorial[row + 1]!;
    matrix[row * size] = value;
    matrix[(size - 1) * size + size - 1 - row] = value;
  }
  return matrix;
}

interface Scaled {
  values: Float64Array;
  /** Of two. */
  exponent: number;
}

function product(a: Scaled, b: Scaled, size: number): Scaled {
  const values = new Float64Array(size * size);
  let largest = 0;
  for (let i = 0; i < size; i++)
    for (let k = 0; k < size; k++) {
      const factor = a.values[i * size + k]!;
      if (factor === 0) continue;
      for (let j = 0; j < size; j++) values[i * size + j]! += factor * b.values[k * size + j]!;
    }
  for (const value of values) if (value > largest) largest = value;
  let exponent = a.exponent + b.exponent;
  if (largest > 2 ** 400) {
    for (let i = 0; i < values.length; i++) values[i]! *= 2 ** -400;
    exponent += 400;
  }
  return { values, exponent };
}

/** Chance of at most `d`: the limit and three corrections in powers of 1 / sqrt(n), by theta functions. */
function pelzGood(d: number, n: number): number {
  const z = Math.sqrt(n) * d;
  const z2 = z * z;
  const pi2 = Math.PI ** 2;
  if (pi2 / 8 / z2 > 700) return 0;
  const sums = [0, 0, 0, 0] as [number, number, number, number];
  let second = 0;
  let third = 0;
  const terms = Math.ceil((16 * z) / Math.PI) + 1;
  for (let k = terms; k >= 1; k--) {
    const m = (2 * k - 1) ** 2;
    const odd = Math.exp((-pi2 * m) / 8 / z2);
    const a = pi2 * m;
    sums[0] += odd;
    sums[1] += (-z2 + a / 4) * odd;
    sums[2] +=
      (6 * z2 ** 3 + 2 * z2 ** 2 + ((2 * z2 ** 2 - 5 * z2) * a) / 4 + ((1 - 2 * z2) * a * a) / 16) *
      odd;
    sums[3] +=
      (-30 * z2 ** 3 -
        90 * z2 ** 4 +
        ((135 * z2 ** 2 - 96 * z2 ** 3) * a) / 4 +
        ((212 * z2 ** 2 - 60 * z2) * a * a) / 16 +
        ((5 - 30 * z2) * a ** 3) / 64) *
      odd;
    const even = Math.exp((-pi2 * k * k) / 2 / z2) * k * k;
    second += even;
    third += (3 * z2 - pi2 * k * k) * even;
  }
  const root = Math.sqrt(2 * Math.PI);
  const first = sums[0] / z + sums[1] / (6 * z2 ** 2 * Math.sqrt(n));
  const inN = sums[2] / (72 * z ** 7) - (pi2 * second) / (36 * z ** 3);
  const inNRootN = sums[3] / (6480 * z ** 10) + (pi2 * third) / (216 * z2 ** 3);
  return root * (first + inN / n + inNRootN / n ** 1.5);
}
