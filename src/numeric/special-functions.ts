const LANCZOS_G = 7;
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
  1.5056327351493116e-7,
];
const SMALLEST = 1e-300;
const PRECISION = 1e-15;
const MAX_TERMS = 100_000;

/**
 * Natural logarithm of the gamma function, x > 0; relative error about 1e-15.
 * Source: Lanczos (1964), coefficients g = 7, n = 9 of Godfrey. @throws RangeError unless x > 0
 */
export function logGamma(x: number): number {
  if (!(x > 0)) throw new RangeError(`x must be > 0, got ${String(x)}`);
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  let sum = LANCZOS[0]!;
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i]! / (shifted + i);
  const base = shifted + LANCZOS_G + 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(sum);
}

/**
 * Digamma, the derivative of `logGamma`, x > 0; absolute error below 1e-12.
 * Recurrence up to 10, then the asymptotic series (Abramowitz & Stegun 6.3.5, 6.3.18).
 * @throws RangeError unless x > 0
 */
export function digamma(x: number): number {
  if (!(x > 0)) throw new RangeError(`x must be > 0, got ${String(x)}`);
  let raised = x;
  let below = 0;
  while (raised < 10) below += 1 / raised++;
  const square = 1 / (raised * raised);
  const series =
    square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132))));
  return Math.log(raised) - 0.5 / raised - series - below;
}

/**
 * Regularised incomplete beta function I_x(a, b), 0..1: the chance that a Beta(a, b) variate is at most x.
 * Lentz's continued fraction (Numerical Recipes, 6.4), on the side where it converges fast, so that a
 * tiny result keeps its digits. @throws RangeError unless a, b > 0 and 0 <= x <= 1
 * Cost: O(sqrt(max(a, b))).
 */
export function regularisedBeta(x: number, a: number, b: number): number {
  if (!(a > 0) || !(b > 0)) throw new RangeError(`a and b must be > 0, got ${a} and ${b}`);
  if (!(x >= 0 && x <= 1)) throw new RangeError(`x must be 0..1, got ${String(x)}`);
  if (x === 0 || x === 1) return x;
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x),
  );
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= MAX_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) return fraction;
  }
  throw new RangeError(`no convergence for x = ${x}, a = ${a}, b = ${b}`);
}

function awayFromZero(value: number): number {
  return Math.abs(value) < SMALLEST ? SMALLEST : value;
}

/**
 * Upper regularised incomplete gamma function Q(a, x), 0..1: the chance that a Gamma(a, 1) variate is above x.
 * Series below a + 1, Lentz's continued fraction above (Numerical Recipes, 6.2), so that a tiny result keeps
 * its digits. @throws RangeError unless a > 0 and x >= 0. Cost: O(sqrt(a)).
 */
export function upperGamma(a: number, x: number): number {
  if (!(a > 0) || !(x >= 0)) throw new RangeError(`a must be > 0 and x >= 0, got ${a} and ${x}`);
  if (x === 0) return 1;
  if (x === Infinity) return 0;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? 1 - front * gammaSeries(a, x) : front * gammaFraction(a, x);
}

function gammaSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let k = 1; k <= MAX_TERMS; k++) {
    term *= x / (a + k);
    sum += term;
    if (term < sum * PRECISION) return sum;
  }
  throw new RangeError(`no convergence for a = ${a}, x = ${x}`);
}

function gammaFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / SMALLEST;
  let d = 1 / awayFromZero(b);
  let fraction = d;
  for (let k = 1; k <= MAX_TERMS; k++) {
    const numerator = -k * (k - a);
    b += 2;
    d = 1 / awayFromZero(numerator * d + b);
    c = awayFromZero(b + numerator / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) return fraction;
  }
  throw new RangeError(`no convergence for a = ${a}, x = ${x}`);
}

/** Chance that an F(d1, d2) variate is above `f`. @throws RangeError unless f >= 0 and d1, d2 > 0 */
export function upperF(f: number, d1: number, d2: number): number {
  if (!(f >= 0)) throw new RangeError(`f must be >= 0, got ${String(f)}`);
  return f === Infinity ? 0 : regularisedBeta(d2 / (d2 + d1 * f), d2 / 2, d1 / 2);
}

/** Chance that a chi-square variate of `degrees` degrees of freedom is above `x`. @throws RangeError unless x >= 0, degrees > 0 */
export function upperChiSquare(x: number, degrees: number): number {
  return upperGamma(degrees / 2, x / 2);
}
