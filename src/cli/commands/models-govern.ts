import fs from 'node:fs';
import type { Command } from 'commander';
import { AppError } from '../../kernel/error.js';
import type { CliContext } from '../context.js';
import { followJob } from '../follow-job.js';
import { wholeNumber } from '../option-values.js';
import { printVersion, VERSION_DETAIL, type VersionRow } from '../print-version.js';
import { ask, must, type Remote } from '../remote.js';

/** `models card`, `models retrain`, under the group `models`. */
export function addGovernCommands(models: Command, context: CliContext): void {
  models
    .command('card')
    .description('the model card of a version in Markdown')
    .argument('<name>', 'for example churn')
    .option('--version <n>', 'which one; default what serves', wholeNumber(1, 0x7fff_ffff))
    .option('--out <file>', 'write it there')
    .action(async (name: string, options: { version?: number; out?: string }) => {
      const remote = await context.remote();
      const { id } = await findVersion(remote, name, options.version ?? null);
      const { modelVersion } = await ask<{ modelVersion: { card: string } | null }>(
        remote,
        `query Card($id: ID!) { modelVersion(id: $id) { card } }`,
        { id },
      );
      if (!modelVersion) throw new AppError('NOT_FOUND', `no model version has the id ${id}`);
      const { card } = modelVersion;
      if (options.out === undefined) {
        context.output.line(context.output.json ? JSON.stringify({ card }) : card.trimEnd());
        return;
      }
      writeCard(options.out, card);
      context.output.line(
        context.output.json ? JSON.stringify({ file: options.out }) : `wrote ${options.out}`,
      );
    });
  models
    .command('retrain')
    .description('train a version again by its record, and say whether it came out the same')
    .argument('<name>', 'for example churn')
    .argument('<version>', 'its number', wholeNumber(1, 0x7fff_ffff))
    .action(async (name: string, number: number) => {
      const remote = await context.remote();
      const { id } = await findVersion(remote, name, number);
      const { retrainVersion } = await ask<{
        retrainVersion: { job: { id: string } | null; userErrors: never[] };
      }>(
        remote,
        `mutation Retrain($version: ID!) {
          retrainVersion(version: $version) { job { id } userErrors { code message path } }
        }`,
        { version: id },
      );
      const { job } = must(retrainVersion);
      if (!job) return;
      const fields = `... on ModelVersion { ${VERSION_DETAIL} }`;
      const done = await followJob(remote, job.id, fields, context.output);
      printVersion(done.result as unknown as VersionRow, context.output);
    });
}

/** The version of that number, or what serves. @throws AppError NOT_FOUND */
export async function findVersion(
  remote: Remote,
  name: string,
  number: number | null,
): Promise<{ id: string }> {
  const { model } = await ask<{
    model: {
      production: { id: string } | null;
      versions: { nodes: { id: string; version: number }[] };
    } | null;
  }>(
    remote,
    `query Find($name: String!) {
      model(name: $name) { production { id } versions(first: 1000) { nodes { id version } } }
    }`,
    { name },
  );
  if (!model)
    throw new AppError(
      'NOT_FOUND',
      `there is no model named ${name}: \`models list\` shows what there is`,
    );
  const found =
    number === null
      ? model.production
      : model.versions.nodes.find(({ version }) => version === number);
  if (!found)
    throw new AppError(
      'NOT_FOUND',
      number === null
        ? `no version of ${name} serves: name one with --version`
        : `${name} has no version ${number}`,
    );
  return found;
}

function writeCard(file: string, card: string): void {
  try {
    fs.writeFileSync(file, card);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError('INVALID', `${file} cannot be written (${code ?? String(cause)})`, {
      cause,
    });
  }
}
