import type { Command } from 'commander';
import { addSelectCommand } from './select.js';
import { AppError } from '../../kernel/error.js';
import type { CliContext } from '../context.js';
import { followJob } from '../follow-job.js';
import { listOf, oneOf, wholeNumber } from '../option-values.js';
import { figure, table } from '../output.js';
import { readJson } from '../read-json.js';
import { ask, must } from '../remote.js';
import { FEATURE_DETAIL, printFeature, type FeatureDetail } from '../print-feature.js';

interface FeatureRow {
  name: string;
  version: number;
  type: string;
  unit: string | null;
  status: string;
  tags: string[];
  description: string;
}

interface FeaturePayload {
  feature: FeatureRow | null;
  userErrors: { code: string; message: string; path: string[] }[];
}

const STATUSES = ['DRAFT', 'REVIEW', 'APPROVED', 'DEPRECATED', 'ARCHIVED'] as const;
const FIELDS = 'name version type unit status tags description';
const PAYLOAD = `{ feature { ${FIELDS} } userErrors { code message path } }`;

/** `features list | show | register | update | move | profile | select`. */
export function addFeatureCommands(program: Command, context: CliContext): void {
  const features = program.command('features').description('the registry of features');
  addList(features, context);
  addShow(features, context);
  addRegister(features, context);
  addUpdate(features, context);
  addMove(features, context);
  addProfile(features, context);
  addSelectCommand(features, context);
}

interface ListOptions {
  status?: string[];
  tag?: string;
  text?: string;
  owner?: string;
  dependsOn?: string;
  usedBy?: string;
}

function addList(features: Command, context: CliContext): void {
  features
    .command('list')
    .description('features that fulfil every condition')
    .option('--status <list>', `comma-separated: ${STATUSES.join(',')}`, listOf(STATUSES))
    .option('--tag <list>', 'comma-separated; all of them must hold')
    .option('--text <text>', 'found in name, description or business meaning')
    .option('--owner <name>', 'who answers for it')
    .option('--depends-on <feature>', 'refers to it, directly or through others')
    .option('--used-by <model>', 'some version of the model takes it')
    .action(async (options: ListOptions) => {
      const filter = {
        text: options.text ?? null,
        owners: options.owner === undefined ? null : [options.owner],
        dependsOn: options.dependsOn ?? null,
        usedByModel: options.usedBy ?? null,
      };
      const { features: rows } = await ask<{ features: FeatureRow[] }>(
        await context.remote(),
        `query Features($status: [FeatureStatus!], $tags: [String!], $filter: FeatureSearch) {
          features(status: $status, tags: $tags, filter: $filter) { ${FIELDS} }
        }`,
        { status: options.status ?? null, tags: options.tag?.split(',') ?? null, filter },
      );
      printRows(rows, context);
    });
}

function printRows(rows: readonly FeatureRow[], { output }: CliContext): void {
  if (output.json) {
    for (const row of rows) output.line(JSON.stringify(row));
    return;
  }
  if (rows.length === 0) {
    output.line(
      'no feature fulfils every condition: `features list` without any shows what there is',
    );
    return;
  }
  output.line(
    table(
      ['feature', 'type', 'unit', 'status', 'tags'],
      rows.map((row) => [
        `${row.name}@${row.version}`,
        row.type.toLowerCase(),
        row.unit ?? '–',
        row.status,
        row.tags.join(' '),
      ]),
    ),
  );
}

function addShow(features: Command, context: CliContext): void {
  features
    .command('show')
    .description('one feature: every field, its SQL, values, trend and history')
    .argument('<name>', 'or name@version')
    .option('--days <n>', 'days of the trend', wholeNumber(0, 1000), 7)
    .action(async (wanted: string, { days }: { days: number }) => {
      const { feature } = await ask<{ feature: FeatureDetail | null }>(
        await context.remote(),
        `query Feature($name: String!, $version: Int, $days: Int!) {
          feature(name: $name, version: $version) { ${FEATURE_DETAIL} }
        }`,
        { ...versionOf(wanted), days },
      );
      if (!feature)
        throw new AppError(
          'NOT_FOUND',
          `there is no feature named ${wanted}: \`features list\` shows what there is`,
        );
      printFeature(feature, context.output);
    });
}

function addRegister(features: Command, context: CliContext): void {
  features
    .command('register')
    .description('register features, or their next versions, from a JSON file; in its order')
    .requiredOption(
      '--file <file>',
      'RegisterFeatureInput, or a list of them: name, description, type, unit, owner, definition …',
    )
    .action(async ({ file }: { file: string }) => {
      const content = readJson(file);
      const inputs: unknown[] = Array.isArray(content) ? content : [content];
      const remote = await context.remote();
      for (const [place, input] of inputs.entries()) {
        const { feature } = await at(inputs.length > 1 ? place : null, async () => {
          const { registerFeature } = await ask<{ registerFeature: FeaturePayload }>(
            remote,
            `mutation Register($input: RegisterFeatureInput!) { registerFeature(input: $input) ${PAYLOAD} }`,
            { input },
          );
          return must(registerFeature);
        });
        printChanged(feature, context);
      }
    });
}

/** Of a list the error says which one, from 0; those before it are registered. */
async function at<T>(place: number | null, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (place === null || !(error instanceof AppError)) throw error;
    throw new AppError(error.code, `[${place}] ${error.message}`, { cause: error });
  }
}

interface UpdateOptions {
  description?: string;
  meaning?: string;
  owner?: string;
  tag?: string;
}

function addUpdate(features: Command, context: CliContext): void {
  features
    .command('update')
    .description('change what is said of a feature; what it computes never changes')
    .argument('<name>', 'or name@version')
    .option('--description <text>', 'what it is')
    .option('--meaning <text>', 'what it says about the customer')
    .option('--owner <name>', 'who answers for it')
    .option('--tag <list>', 'comma-separated, in place of the present ones')
    .action(async (wanted: string, options: UpdateOptions) => {
      const input = {
        ...versionOf(wanted),
        description: options.description ?? null,
        owner: options.owner ?? null,
        tags: options.tag?.split(',') ?? null,
        ...(options.meaning === undefined ? {} : { businessMeaning: options.meaning }),
      };
      const { updateFeature } = await ask<{ updateFeature: FeaturePayload }>(
        await context.remote(),
        `mutation Update($input: UpdateFeatureInput!) { updateFeature(input: $input) ${PAYLOAD} }`,
        { input },
      );
      printChanged(must(updateFeature).feature, context);
    });
}

function addMove(features: Command, context: CliContext): void {
  features
    .command('move')
    .description('take a feature through its life cycle')
    .argument('<name>', 'or name@version')
    .argument('<status>', 'REVIEW, APPROVED, DEPRECATED, ARCHIVED or DRAFT', oneOf(STATUSES))
    .option('--comment <text>', 'why; kept in the history')
    .action(async (wanted: string, status: string, options: { comment?: string }) => {
      const { moveFeature } = await ask<{ moveFeature: FeaturePayload }>(
        await context.remote(),
        `mutation Move($name: String!, $version: Int, $to: FeatureStatus!, $comment: String) {
          moveFeature(name: $name, version: $version, to: $to, comment: $comment) ${PAYLOAD}
        }`,
        { ...versionOf(wanted), to: status, comment: options.comment ?? null },
      );
      printChanged(must(moveFeature).feature, context);
    });
}

function addProfile(features: Command, context: CliContext): void {
  features
    .command('profile')
    .description('compute the distribution of every feature over the customers, now')
    .action(async () => {
      const remote = await context.remote();
      const { profileFeatures } = await ask<{
        profileFeatures: { job: { id: string } | null; userErrors: FeaturePayload['userErrors'] };
      }>(remote, `mutation { profileFeatures { job { id } userErrors { code message path } } }`);
      const id = must(profileFeatures).job?.id ?? '';
      const { status, stage, result } = await followJob(
        remote,
        id,
        '... on ProfileRun { featureCount customers }',
        context.output,
      );
      const { featureCount: looked = 0, customers = 0 } = (result ?? {}) as Record<string, number>;
      context.output.line(
        context.output.json
          ? JSON.stringify({ id, status, stage })
          : `looked at ${figure(looked)} features of ${figure(customers)} customers`,
      );
    });
}

/** `name` or `name@version`. @throws AppError INVALID for a version that is no number */
function versionOf(wanted: string): { name: string; version: number | null } {
  const [name = '', version] = wanted.split('@');
  if (version === undefined) return { name, version: null };
  if (!/^[1-9]\d{0,8}$/.test(version))
    throw new AppError('INVALID', `a version is a whole number from 1, got ${wanted}`);
  return { name, version: Number(version) };
}

function printChanged(feature: FeatureRow | null, { output }: CliContext): void {
  if (!feature) return;
  output.line(
    output.json
      ? JSON.stringify(feature)
      : `${feature.name}@${feature.version} is ${feature.status}`,
  );
}
