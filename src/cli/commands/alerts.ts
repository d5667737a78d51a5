import type { Command } from 'commander';
import { encodeId, isUuid } from '../../kernel/id.js';
import type { CliContext } from '../context.js';
import { instant, listOf, oneOf, wholeNumber } from '../option-values.js';
import { figure, table } from '../output.js';
import { ask, must } from '../remote.js';
import { addAlertsTestCommand } from './alerts-test.js';

const STATUSES = ['PENDING', 'FIRING', 'ACKNOWLEDGED', 'SILENCED', 'RESOLVED'] as const;
const SEVERITIES = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const;
const OPEN = STATUSES.filter((status) => status !== 'RESOLVED');

interface AlertRow {
  id: string;
  status: string;
  severity: string;
  summary: string;
  value: number;
  startedAt: string;
  acknowledgedBy: string | null;
  resolvedAt: string | null;
}
const ALERT = 'id status severity summary value startedAt acknowledgedBy resolvedAt';

interface ListOptions {
  status?: string[];
  minSeverity?: string;
  since?: string;
  first: number;
}

/** `alerts list | ack | test`. */
export function addAlertsCommands(program: Command, context: CliContext): void {
  const alerts = program.command('alerts').description('what is wrong now, and who looks after it');
  alerts
    .command('list', { isDefault: true })
    .description('alerts, the latest started first')
    .option(
      '--status <list>',
      `any of ${STATUSES.join(', ')}, with commas between; default those that are open`,
      listOf(STATUSES),
    )
    .option(
      '--min-severity <severity>',
      `${SEVERITIES.join(', ')}: this or stronger`,
      oneOf(SEVERITIES),
    )
    .option('--since <instant>', 'started at or after', instant)
    .option('--first <count>', 'at most so many', wholeNumber(1, 1_000), 50)
    .action((options: ListOptions) => list(context, options));
  alerts
    .command('ack')
    .description('say that you look after an alert')
    .argument('<id>', 'id as `alerts list` shows it')
    .option('--comment <text>', 'for its timeline')
    .action((id: string, { comment }: { comment?: string }) =>
      acknowledge(context, id, comment ?? null),
    );
  addAlertsTestCommand(alerts, context);
}

async function list(context: CliContext, options: ListOptions): Promise<void> {
  const { alerts } = await ask<{ alerts: { nodes: AlertRow[] } }>(
    await context.remote(),
    `query Alerts($status: [AlertStatus!], $minSeverity: Severity, $since: DateTime, $first: Int) {
      alerts(status: $status, minSeverity: $minSeverity, since: $since, first: $first) { nodes { ${ALERT} } }
    }`,
    {
      status: options.status ?? OPEN,
      minSeverity: options.minSeverity ?? null,
      since: options.since ?? null,
      first: options.first,
    },
  );
  const { output } = context;
  if (output.json) for (const alert of alerts.nodes) output.line(JSON.stringify(alert));
  else output.line(alerts.nodes.length > 0 ? textOf(alerts.nodes) : 'no alerts');
}

async function acknowledge(context: CliContext, id: string, comment: string | null): Promise<void> {
  const { acknowledgeAlert } = await ask<{
    acknowledgeAlert: { alert: AlertRow | null; userErrors: never[] };
  }>(
    await context.remote(),
    `mutation Acknowledge($id: ID!, $comment: String) {
      acknowledgeAlert(id: $id, comment: $comment) { alert { ${ALERT} } userErrors { code message path } }
    }`,
    { id: isUuid(id) ? encodeId('Alert', id) : id, comment },
  );
  const { alert } = must(acknowledgeAlert);
  const { output } = context;
  if (output.json) output.line(JSON.stringify(alert));
  else
    output.line(
      `${alert?.summary ?? id}: acknowledged by ${alert?.acknowledgedBy ?? 'this key'}, ${alert?.status ?? ''}`,
    );
}

function textOf(alerts: readonly AlertRow[]): string {
  return table(
    ['id', 'status', 'severity', 'value', 'started', 'by', 'what'],
    alerts.map(({ id, status, severity, value, startedAt, acknowledgedBy, summary }) => [
      id,
      status,
      severity,
      figure(value),
      startedAt,
      acknowledgedBy ?? '–',
      summary,
    ]),
  );
}
