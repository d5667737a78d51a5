import type { Command } from 'commander';
import { AppError } from '../../kernel/error.js';
import type { CliContext } from '../context.js';
import { oneOf, wholeNumber } from '../option-values.js';
import { printVersion, VERSION_FIELDS, type VersionRow } from '../print-version.js';
import { ask, must, type Remote } from '../remote.js';
import { findVersion } from './models-govern.js';

const STAGES = ['PRODUCTION', 'SHADOW', 'CANDIDATE', 'ARCHIVED'];

interface PromoteOptions {
  stage: string;
  comment?: string;
  overrideRules?: boolean;
}

/** `models promote`, below the group `models`. */
export function addPromoteCommand(models: Command, context: CliContext): void {
  models
    .command('promote')
    .description('serve a version, or move it to another stage')
    .argument('<model>', 'for example churn; or the id of a version alone')
    .argument('[version]', 'its number', wholeNumber(1, 0x7fff_ffff))
    .option('--stage <stage>', 'where to, for example shadow', oneOf(STAGES), 'PRODUCTION')
    .option('--comment <text>', 'why; kept in the audit trail')
    .option('--override-rules', 'although it violates a business rule; needs a comment')
    .action(async (name: string, number: number | undefined, options: PromoteOptions) => {
      const remote = await context.remote();
      const version = await versionId(remote, name, number);
      const { promoteModel } = await ask<{
        promoteModel: { modelVersion: VersionRow | null; userErrors: never[] };
      }>(
        remote,
        `mutation Promote($version: ID!, $stage: ModelStage!, $comment: String, $override: Boolean) {
          promoteModel(version: $version, stage: $stage, comment: $comment, overrideRules: $override) {
            modelVersion { ${VERSION_FIELDS} } userErrors { code message path }
          }
        }`,
        {
          version,
          stage: options.stage,
          comment: options.comment ?? null,
          override: options.overrideRules ?? false,
        },
      );
      const { modelVersion } = must(promoteModel);
      if (modelVersion) printVersion(modelVersion, context.output);
    });
}

/** The id of the version of that number; an id as it stands. @throws AppError INVALID, NOT_FOUND */
async function versionId(
  remote: Remote,
  name: string,
  number: number | undefined,
): Promise<string> {
  if (number !== undefined) return (await findVersion(remote, name, number)).id;
  if (name.startsWith('ModelVersion:')) return name;
  throw new AppError(
    'INVALID',
    `which version of ${name}? \`models show ${name}\` lists them: \`models promote ${name} 2\``,
  );
}
