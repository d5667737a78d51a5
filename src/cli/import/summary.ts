import type { ImportResult } from './run-import.js';

/** The one line of `--json`. */
export function summaryJson(
  kind: string,
  result: ImportResult,
  more: Record<string, unknown> = {},
): string {
  const { accepted, duplicates, rejected, skipped, seconds, rowsPerSecond, rejectedFile, job } =
    result;
  return JSON.stringify({
    kind,
    accepted,
    duplicates,
    rejected,
    skipped,
    seconds,
    rowsPerSecond,
    rejectedFile,
    job,
    ...more,
  });
}

const DUPLICATES = {
  events: 'were there already',
  users: 'changed nothing',
  outcomes: 'were there already',
  assignments: 'were there already',
  tickets: 'told nothing new',
  devices: 'changed nothing',
} as const;

/** A summary for people: what happened to every row, and the first reasons for what was not taken. */
export function summaryText(
  kind: keyof typeof DUPLICATES,
  result: ImportResult,
  notes: readonly string[],
): string {
  const n = (value: number): string => value.toLocaleString('en-US');
  const parts = [`${n(result.accepted)} ${kind} taken`];
  if (result.duplicates > 0) parts.push(`${n(result.duplicates)} ${DUPLICATES[kind]}`);
  if (result.skipped > 0) parts.push(`${n(result.skipped)} left out by --where`);
  if (result.rejected > 0) parts.push(`${n(result.rejected)} rejected`);
  const lines = [
    `${parts.join(', ')}; ${result.seconds.toFixed(1)} s, ${n(result.rowsPerSecond)} rows/s`,
    ...notes.map((note) => `  ${note}`),
  ];
  if (result.rejected > 0) {
    lines.push('rejected:');
    for (const { line, message } of result.firstRejected) lines.push(`  line ${line}: ${message}`);
    if (result.rejected > result.firstRejected.length)
      lines.push(`  and ${n(result.rejected - result.firstRejected.length)} more`);
    if (result.rejectedFile !== null) lines.push(`  all of them: ${result.rejectedFile}`);
  }
  return lines.join('\n');
}
