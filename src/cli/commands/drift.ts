import { InvalidArgumentError, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { followJob } from '../follow-job.js';
import { instant } from '../option-values.js';
import type { Output } from '../output.js';
import { DRIFT_REPORT, printDrift, type DriftRow } from '../print-drift.js';
import { ask, must, type Remote } from '../remote.js';

/** Bounds of a window, ISO; undefined: left out. */
export interface WindowOption {
  from: string | undefined;
  until: string | undefined;
}

/**
 * Parses `A..B`; A may be left out (everybody), and B (now).
 * @throws InvalidArgumentError where both are left out, or one is no day or instant
 */
export function windowOf(text: string): WindowOption {
  const [from = '', until = '', ...more] = text.split('..');
  if (!text.includes('..') || more.length > 0 || (from === '' && until === ''))
    throw new InvalidArgumentError(
      'It must be two ISO days or instants with .. between, such as 2026-01-01..2026-02-01.',
    );
  const bound = (part: string): string | undefined => (part === '' ? undefined : instant(part));
  return { from: bound(from), until: bound(until) };
}

interface DriftOptions {
  reference?: WindowOption;
  current?: WindowOption;
  resetReference?: boolean;
}

/** `drift`. */
export function addDriftCommand(program: Command, context: CliContext): void {
  program
    .command('drift')
    .description('check the version in production for drift and follow the job; prints the report')
    .argument('<model>', 'for example churn')
    .option(
      '--reference <A..B>',
      'compare with this window (default: what was kept at the training)',
      windowOf,
    )
    .option('--current <A..B>', 'look at this window (default: everybody, now)', windowOf)
    .option(
      '--reset-reference',
      'make the newer half of the last window the reference, and check nothing',
    )
    .action(async (model: string, options: DriftOptions, command: Command) => {
      if (options.resetReference && (options.reference ?? options.current))
        command.error('error: --reset-reference takes no window');
      const remote = await context.remote();
      if (options.resetReference) await reset(remote, model, context.output);
      else await detect(remote, model, options, context.output);
    });
}

async function detect(
  remote: Remote,
  model: string,
  { reference, current }: DriftOptions,
  output: Output,
): Promise<void> {
  // what was not given is undefined, and JSON leaves it out: the server decides then
  const input = {
    model,
    referenceFrom: reference?.from,
    referenceUntil: reference?.until,
    currentFrom: current?.from,
    currentUntil: current?.until,
  };
  const { detectDrift } = await ask<{
    detectDrift: { job: { id: string } | null; userErrors: never[] };
  }>(
    remote,
    `mutation Detect($input: DetectDriftInput!) {
      detectDrift(input: $input) { job { id } userErrors { code message path } }
    }`,
    { input },
  );
  const { job } = must(detectDrift);
  if (!job) return;
  const done = await followJob(remote, job.id, `... on DriftReport { ${DRIFT_REPORT} }`, output);
  printDrift(done.result as unknown as DriftRow, output);
}

async function reset(remote: Remote, model: string, output: Output): Promise<void> {
  const { resetDriftReference } = await ask<{
    resetDriftReference: { job: { id: string } | null; userErrors: never[] };
  }>(
    remote,
    `mutation Reset($model: String!) {
      resetDriftReference(model: $model) { job { id } userErrors { code message path } }
    }`,
    { model },
  );
  const { job } = must(resetDriftReference);
  if (!job) return;
  const selection = '... on DriftReference { id source rows windowFrom windowUntil }';
  const { result } = await followJob(remote, job.id, selection, output);
  if (output.json) output.line(JSON.stringify(result));
  else
    output.line(
      `the reference of ${model} is now ${String(result?.['rows'])} customers, ${String(result?.['windowFrom'])} to ${String(result?.['windowUntil'])}`,
    );
}
