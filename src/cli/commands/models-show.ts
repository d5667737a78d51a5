import type { Command } from 'commander';
import { AppError } from '../../kernel/error.js';
import type { CliContext } from '../context.js';
import { wholeNumber } from '../option-values.js';
import { figure, table, type Output } from '../output.js';
import {
  metricText,
  printVersion,
  VERSION_DETAIL,
  VERSION_FIELDS,
  type VersionRow,
} from '../print-version.js';
import { ask } from '../remote.js';
import { findVersion } from './models-govern.js';

/** `models show`, below the group `models`. */
export function addShowCommand(models: Command, context: CliContext): void {
  models
    .command('show')
    .description('the versions of one model, newest first; or all of one version')
    .argument('<name>', 'for example churn')
    .argument('[version]', 'its number', wholeNumber(1, 0x7fff_ffff))
    .action(async (name: string, number: number | undefined) => {
      const remote = await context.remote();
      if (number !== undefined) {
        const { id } = await findVersion(remote, name, number);
        const { modelVersion } = await ask<{ modelVersion: VersionRow | null }>(
          remote,
          `query ShowOne($id: ID!) { modelVersion(id: $id) { ${VERSION_DETAIL} } }`,
          { id },
        );
        if (!modelVersion) throw new AppError('NOT_FOUND', `no model version has the id ${id}`);
        printVersion(modelVersion, context.output);
        return;
      }
      const { model } = await ask<{ model: { versions: { nodes: VersionRow[] } } | null }>(
        remote,
        `query Show($name: String!) { model(name: $name) { versions(first: 20) { nodes { ${VERSION_FIELDS} } } } }`,
        { name },
      );
      if (!model)
        throw new AppError(
          'NOT_FOUND',
          `there is no model named ${name}: \`models list\` shows what there is`,
        );
      printVersions(name, model.versions.nodes, context.output);
    });
}

function printVersions(name: string, versions: readonly VersionRow[], output: Output): void {
  if (output.json) {
    for (const version of versions) output.line(JSON.stringify(version));
    return;
  }
  const [newest] = versions;
  if (!newest) {
    output.line(`no version of ${name} yet: \`train ${name}\` makes one`);
    return;
  }
  output.line(
    table(
      ['version', 'stage', 'algorithm', 'trained', 'test rows', 'test AUC', 'test log loss', 'id'],
      versions.map((row) => [
        String(row.version),
        row.stage,
        row.algorithm,
        row.trainedAt.slice(0, 16),
        figure(row.testRows),
        metricText(row, 'auc', 'TEST'),
        metricText(row, 'logLoss', 'TEST'),
        row.id,
      ]),
    ),
  );
  output.line(`all of one: \`models show ${name} ${newest.version}\``);
}
