/** Eigenvalues, descending, and their vectors: row-major, one a row, of length 1. */
export interface SymmetricEigen {
  values: Float64Array;
  vectors: Float64Array;
}

const MOST_SWEEPS = 60;

/**
 * All eigenvalues and orthonormal eigenvectors of a symmetric matrix (row-major, shape [n, n]; only the lower triangle is
 * read). The largest component of each vector is positive, the first of equally large ones.
 * Source: Jacobi (1846), cyclic; rotations as in Golub and Van Loan, Matrix Computations, 8.5.
 * Cost: about 60 n^3 in a handful of sweeps; meant for n up to a few hundred.
 */
export function symmetricEigen(matrix: Float64Array, n: number): SymmetricEigen {
  const a = new Float64Array(n * n);
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    vectors[i * n + i] = 1;
    for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = matrix[i * n + j]!;
  }
  for (let sweep = 0; sweep < MOST_SWEEPS && sweepOnce(a, vectors, n); sweep++);
  const order = Array.from({ length: n }, (_, i) => i).sort(
    (i, j) => a[j * n + j]! - a[i * n + i]!,
  );
  const sorted = new Float64Array(n * n);
  order.forEach((from, to) => {
    const vector = vectors.subarray(from * n, (from + 1) * n);
    const sign = signOf(vector);
    for (let j = 0; j < n; j++) sorted[to * n + j] = sign * vector[j]!;
  });
  return { values: Float64Array.from(order, (i) => a[i * n + i]!), vectors: sorted };
}

/** Rotates every pair once; false when nothing was left to rotate. */
function sweepOnce(a: Float64Array, vectors: Float64Array, n: number): boolean {
  let rotated = false;
  for (let p = 0; p < n - 1; p++) {
    for (let q = p + 1; q < n; q++) {
      const off = a[p * n + q]!;
      const size = Math.abs(a[p * n + p]!) + Math.abs(a[q * n + q]!);
      if (off === 0) continue;
      if (Math.abs(off) <= 1e-18 * size) {
        a[p * n + q] = a[q * n + p] = 0;
        continue;
      }
      rotated = true;
      rotate(a, vectors, n, p, q);
    }
  }
  return rotated;
}

function rotate(a: Float64Array, vectors: Float64Array, n: number, p: number, q: number): void {
  const off = a[p * n + q]!;
  const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * off);
  const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const cosine = 1 / Math.hypot(tangent, 1);
  const sine = tangent * cosine;
  a[p * n + p]! -= tangent * off;
  a[q * n + q]! += tangent * off;
  a[p * n + q] = a[q * n + p] = 0;
  for (let i = 0; i < n; i++) {
    if (i !== p && i !== q) {
      const ip = a[p * n + i]!;
      const iq = a[q * n + i]!;
      a[p * n + i] = a[i * n + p] = cosine * ip - sine * iq;
      a[q * n + i] = a[i * n + q] = sine * ip + cosine * iq;
    }
    const vp = vectors[p * n + i]!;
    const vq = vectors[q * n + i]!;
    vectors[p * n + i] = cosine * vp - sine * vq;
    vectors[q * n + i] = sine * vp + cosine * vq;
  }
}

function signOf(vector: Float64Array): number {
  let largest = 0;
  for (const value of vector) {
    // A hair above: components that are equal but for rounding count as equal.
    if (Math.abs(value) > Math.abs(largest) * (1 + 1e-9)) largest = value;
  }
  return largest < 0 ? -1 : 1;
}
