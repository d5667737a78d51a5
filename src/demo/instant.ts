/** Whole seconds: what every format and every database keeps. */
export function instant(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
