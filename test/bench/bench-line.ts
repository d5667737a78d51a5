/** One figure of `npm run bench`; `detail` says what it was measured against and on how much. */
export interface BenchLine {
  name: string;
  figure: string;
  detail?: string;
}
