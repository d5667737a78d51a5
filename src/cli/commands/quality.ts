import type { Command } from 'commander';
import { AppError } from '../../kernel/error.js';
import type { CliContext } from '../context.js';
import { followJob } from '../follow-job.js';
import { oneOf } from '../option-values.js';
import { figure, table } from '../output.js';
import { readJson } from '../read-json.js';
import { ask, must } from '../remote.js';

const TABLES = ['CUSTOMER', 'EVENT', 'TICKET', 'DEVICE'] as const;

interface Report {
  asOf: string;
  scannedAt: string;
  seconds: number;
  rows: number;
  duplicates: number;
  timelinessSeconds: number | null;
  status: string;
  columns: {
    name: string;
    dataType: string;
    missing: number;
    missingShare: number;
    distinct: number;
    outliers: number;
    status: string;
  }[];
  checks: { name: string; rule: string; violations: number; sampleIds: string[]; status: string }[];
}

const REPORT = `asOf scannedAt seconds rows duplicates timelinessSeconds status
  columns { name dataType missing missingShare distinct outliers status }
  checks { name rule violations sampleIds status }`;

interface RuleRow {
  id: string;
  name: string;
  table: string;
  text: string;
  severity: string;
  enabled: boolean;
}
const RULE = 'id name table text severity enabled';

/** `quality [report] | rules list | rules add | rules remove`. */
export function addQualityCommands(program: Command, context: CliContext): void {
  const quality = program.command('quality').description('how good the data is, and its rules');
  quality
    .command('report', { isDefault: true })
    .description('what the newest scan found')
    .option('--table <table>', `one of ${TABLES.join(', ')}; default all`, oneOf(TABLES))
    .option('--scan', 'scan first, and follow the job')
    .action(async (options: { table?: string; scan?: boolean }) => {
      if (options.scan) await scan(context, options.table ?? null);
      const { dataQuality } = await ask<{ dataQuality: Report }>(
        await context.remote(),
        `query Quality($table: QualityTable) { dataQuality(table: $table) { ${REPORT} } }`,
        { table: options.table ?? null },
      );
      context.output.line(context.output.json ? JSON.stringify(dataQuality) : textOf(dataQuality));
    });
  addRuleCommands(quality, context);
}

function addRuleCommands(quality: Command, context: CliContext): void {
  const rules = quality.command('rules').description('the rules that rows are held to');
  rules
    .command('list')
    .description('every rule')
    .action(async () => {
      const { qualityRules } = await ask<{ qualityRules: RuleRow[] }>(
        await context.remote(),
        `{ qualityRules { ${RULE} } }`,
      );
      printRules(qualityRules, context);
    });
  addRuleAdd(rules, context);
  addRuleRemove(rules, context);
}

function addRuleAdd(rules: Command, context: CliContext): void {
  rules
    .command('add')
    .description('add a rule from a JSON file')
    .requiredOption(
      '--file <file>',
      'CreateQualityRuleInput as JSON: name, table, rule, severity, description',
    )
    .action(async ({ file }: { file: string }) => {
      const { createQualityRule } = await ask<{
        createQualityRule: { rule: RuleRow | null; userErrors: never[] };
      }>(
        await context.remote(),
        `mutation Add($input: CreateQualityRuleInput!) {
          createQualityRule(input: $input) { rule { ${RULE} } userErrors { code message path } }
        }`,
        { input: readJson(file) },
      );
      const { rule } = must(createQualityRule);
      if (rule) printRules([rule], context);
    });
}

function addRuleRemove(rules: Command, context: CliContext): void {
  rules
    .command('remove')
    .description('remove a rule')
    .argument('<name>')
    .action(async (name: string) => {
      const remote = await context.remote();
      const { qualityRules } = await ask<{ qualityRules: RuleRow[] }>(
        remote,
        `{ qualityRules { ${RULE} } }`,
      );
      const found = qualityRules.find((rule) => rule.name === name);
      if (!found)
        throw new AppError(
          'NOT_FOUND',
          `there is no rule named ${name}: \`quality rules list\` shows what there is`,
        );
      const { deleteQualityRule } = await ask<{
        deleteQualityRule: { rule: RuleRow | null; userErrors: never[] };
      }>(
        remote,
        `mutation Remove($id: ID!) {
          deleteQualityRule(id: $id) { rule { ${RULE} } userErrors { code message path } }
        }`,
        { id: found.id },
      );
      must(deleteQualityRule);
      context.output.line(
        context.output.json ? JSON.stringify({ removed: name }) : `${name} is removed`,
      );
    });
}

async function scan(context: CliContext, wanted: string | null): Promise<void> {
  const remote = await context.remote();
  const { scanDataQuality } = await ask<{
    scanDataQuality: { job: { id: string } | null; userErrors: never[] };
  }>(
    remote,
    `mutation Scan($tables: [QualityTable!]) {
      scanDataQuality(tables: $tables) { job { id } userErrors { code message path } }
    }`,
    { tables: wanted ? [wanted] : null },
  );
  const { job } = must(scanDataQuality);
  if (job) await followJob(remote, job.id, '', context.output);
}

function printRules(rules: readonly RuleRow[], { output }: CliContext): void {
  if (output.json) {
    for (const rule of rules) output.line(JSON.stringify(rule));
    return;
  }
  output.line(
    table(
      ['rule', 'table', 'severity', 'enabled', 'what'],
      rules.map(({ name, table: of, severity, enabled, text }) => [
        name,
        of.toLowerCase(),
        severity,
        enabled ? 'yes' : 'no',
        text,
      ]),
    ),
  );
}

function textOf(report: Report): string {
  const { status, rows, duplicates, timelinessSeconds, scannedAt, seconds } = report;
  const columns = table(
    ['column', 'type', 'missing', 'share', 'distinct', 'outliers', 'status'],
    report.columns.map((column) => [
      column.name,
      column.dataType,
      figure(column.missing),
      `${(column.missingShare * 100).toFixed(1)}%`,
      figure(column.distinct),
      figure(column.outliers),
      column.status,
    ]),
  );
  const checks = table(
    ['rule', 'violations', 'status', 'what', 'for example'],
    report.checks.map(({ name, violations, status: of, rule, sampleIds }) => [
      name,
      figure(violations),
      of,
      rule,
      sampleIds.slice(0, 3).join(' '),
    ]),
  );
  return [
    `${status}: ${figure(rows)} rows, ${figure(duplicates)} duplicates, longest lag ${lag(timelinessSeconds)}, scanned ${scannedAt} in ${figure(seconds)} s`,
    columns,
    checks,
  ].join('\n\n');
}

/** Files bring years, applications seconds. */
function lag(seconds: number | null): string {
  if (seconds === null) return 'unknown';
  if (seconds < 3600) return `${figure(Math.round(seconds))} s`;
  return seconds < 172_800
    ? `${(seconds / 3600).toFixed(1)} hours`
    : `${figure(Math.round(seconds / 86_400))} days`;
}
