import fs from 'node:fs';
import type { Command } from 'commander';
import { AppError } from '../../kernel/error.js';
import type { CliContext } from '../context.js';
import { table } from '../output.js';
import { listOf, oneOf } from '../option-values.js';
import { ask, must } from '../remote.js';

interface FeatureRow {
  name: string;
  version: number;
  type: string;
  unit: string | null;
  status: string;
  tags: string[];
  description: string;
}

const STATUSES = ['DRAFT', 'REVIEW', 'APPROVED', 'DEPRECATED', 'ARCHIVED'] as const;
const FIELDS = 'name version type unit status tags description';

/** `features list | show | register | move`. */
export function addFeatureCommands(program: Command, context: CliContext): void {
  const features = program.command('features').description('the registry of features');
  features
    .command('list')
    .description('features by status and tags (all of them must hold)')
    .option('--status <list>', `comma-separated: ${STATUSES.join(',')}`, listOf(STATUSES))
    .option('--tags <list>', 'comma-separated')
    .action(async (options: { status?: string[]; tags?: string }) => {
      const { features: rows } = await ask<{ features: FeatureRow[] }>(
        await context.remote(),
        `query Features($status: [FeatureStatus!], $tags: [String!]) {
          features(status: $status, tags: $tags) { ${FIELDS} }
        }`,
        {
          status: options.status ?? null,
          tags: options.tags?.split(',') ?? null,
        },
      );
      if (context.output.json) {
        for (const row of rows) context.output.line(JSON.stringify(row));
        return;
      }
      context.output.line(
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
    });
  features
    .command('show')
    .description('one feature: meaning, definition, SQL, history')
    .argument('<name>')
    .action(async (name: string) => {
      const { feature } = await ask<{ feature: Record<string, unknown> | null }>(
        await context.remote(),
        `query Feature($name: String!) {
          feature(name: $name) {
            ${FIELDS} businessMeaning dataType owner definition sql source lineage
            dependencies { name version } createdAt updatedAt history { at actor action detail }
          }
        }`,
        { name },
      );
      if (!feature)
        throw new AppError(
          'NOT_FOUND',
          `there is no feature named ${name}: \`features list\` shows what there is`,
        );
      context.output.line(JSON.stringify(feature, null, context.output.json ? 0 : 2));
    });
  features
    .command('register')
    .description('register a feature, or its next version, from a JSON file')
    .argument(
      '<file>',
      'RegisterFeatureInput as JSON: name, description, type, unit, owner, definition …',
    )
    .action(async (file: string) => {
      const input = readJson(file);
      const { registerFeature } = await ask<{
        registerFeature: { feature: FeatureRow | null; userErrors: never[] };
      }>(
        await context.remote(),
        `mutation Register($input: RegisterFeatureInput!) {
          registerFeature(input: $input) { feature { ${FIELDS} } userErrors { code message path } }
        }`,
        { input },
      );
      printMoved(must(registerFeature).feature, context);
    });
  features
    .command('move')
    .description('take a feature through its life cycle')
    .argument('<name>')
    .argument('<status>', 'REVIEW, APPROVED, DEPRECATED, ARCHIVED or DRAFT', oneOf(STATUSES))
    .option('--comment <text>', 'why; kept in the history')
    .action(async (name: string, status: string, options: { comment?: string }) => {
      const { moveFeature } = await ask<{
        moveFeature: { feature: FeatureRow | null; userErrors: never[] };
      }>(
        await context.remote(),
        `mutation Move($name: String!, $to: FeatureStatus!, $comment: String) {
          moveFeature(name: $name, to: $to, comment: $comment) {
            feature { ${FIELDS} } userErrors { code message path }
          }
        }`,
        { name, to: status, comment: options.comment ?? null },
      );
      printMoved(must(moveFeature).feature, context);
    });
}

function printMoved(feature: FeatureRow | null, context: CliContext): void {
  if (!feature) return;
  context.output.line(
    context.output.json
      ? JSON.stringify(feature)
      : `${feature.name}@${feature.version} is ${feature.status}`,
  );
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AppError('INVALID', `cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('INVALID', `${file} is not JSON: ${(cause as Error).message}`, { cause });
  }
}
