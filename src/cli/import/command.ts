import type { Command } from 'commander';
import type { ImportContext, RegisteredAttributes } from './context.js';
import {
  prepareAssignments,
  prepareDevices,
  prepareEvents,
  prepareOutcomes,
  prepareTickets,
  prepareUsers,
  type ImportOptions,
  type PreparedImport,
} from './import-file.js';
import { progressBar } from './progress-bar.js';
import { summaryJson, summaryText } from './summary.js';

type Prepare = (
  options: ImportOptions,
  hooks: { onProgress(p: { rows: number; share: number }): void; signal: AbortSignal },
) => Promise<PreparedImport>;

/** `import events | users | outcomes | assignments | tickets | devices`: streams a file in. */
export function addImportCommands(program: Command, context: ImportContext): void {
  const group = program
    .command('import')
    .description('stream CSV, JSON lines (both also .gz) or Parquet in');
  const add = (name: string, description: string): Command =>
    group
      .command(name)
      .description(description)
      .requiredOption(
        '--file <file>',
        'CSV, JSON lines (one object a line), both also .gz, or Parquet',
      )
      .option('--map <file>', 'a JSON file with the same options, for mappings worth keeping')
      .option('--where <expression>', 'take only rows for which it holds, e.g. "Quantity>0"')
      .option(
        '--date-format <format>',
        'ISO (default), epoch, epoch-ms, or e.g. YYYYMMDD, "DD/MM/YYYY HH:mm"; UTC',
      )
      .option('--missing <texts>', 'texts that stand for nothing, e.g. NA,NULL')
      .option('--format <format>', 'csv, ndjson or parquet (default: by content)')
      .option('--delimiter <sign>', 'between CSV fields (default: found out of , ; tab |)')
      .option('--encoding <label>', 'of text, e.g. windows-1252 (default utf-8)')
      .option(
        '--rejected <file>',
        'where rows go that could not be taken (default: in the data directory)',
      );

  add('events', 'events, idempotent by source and id')
    .option('--user <column>', 'the user’s key in the CRM')
    .option('--at <column|instant>', 'when it happened: a column, or one ISO instant for all')
    .option('--type <name|column>', 'a column of types, or one constant type')
    .option('--value <expression>', 'a number, e.g. "Quantity*UnitPrice"')
    .option('--id <columns>', 'columns that make the id (default: the row’s own content)')
    .option('--source <name>', 'where the events come from (default import)')
    .option('--property <columns>', 'columns kept as properties; NAME=EXPRESSION renames')
    .option('--device <column>', 'the device it came from; a blank one names none')
    .action((options: ImportOptions) => execute(context, options, prepareEvents));

  add('users', 'profiles; numbers stay numbers, each attribute becomes a feature')
    .option(
      '--id <column>',
      'the user’s key in the CRM; where no column is one, "line()" is the line of the file',
    )
    .option(
      '--attribute <columns>',
      'columns kept as attributes, or "all"; NAME=EXPRESSION renames',
    )
    .option('--except <columns>', 'not these, e.g. the label: a model would only copy it')
    .option('--registered <column|instant>', 'when the user registered')
    .option('--source <name>', 'where the profiles come from, noted with rejected rows')
    .option('--name <column>', 'the user’s name (personal data)')
    .option('--email <column>', 'the user’s e-mail address (personal data)')
    .option('--draft', 'register the attribute features as DRAFT, not APPROVED')
    .action((options: ImportOptions) => execute(context, options, prepareUsers));

  add('outcomes', 'labels: what really happened')
    .option('--user <column>', 'the user’s key in the CRM')
    .option('--model <name>', 'the model whose label it is')
    .option('--positive <expression>', 'when it is positive, e.g. "Churn=Yes"')
    .option('--at <column|instant>', 'when it was known: a column, or one ISO instant for all')
    .option('--source <name>', 'where the labels come from (default import)')
    .action((options: ImportOptions) => execute(context, options, prepareOutcomes));

  add('assignments', 'who was in which arm, from an experiment run elsewhere; the first row stands')
    .option('--experiment <key>', 'the experiment, written down with the same arms')
    .option('--user <column>', 'the user’s key in the CRM')
    .option('--variant <column>', 'the key of the arm')
    .option(
      '--at <column|instant>',
      'since when: a column, or one ISO instant for all (default: its start)',
    )
    .option('--source <name>', 'where the file comes from, noted with rejected rows')
    .action((options: ImportOptions) => execute(context, options, prepareAssignments));

  add('tickets', 'service tickets, idempotent by source and id; a later file may resolve and rate')
    .option('--user <column>', 'the user’s key in the CRM')
    .option('--id <columns>', 'columns that make the id of the ticket')
    .option('--issue <column>', 'what it is about')
    .option('--opened <column>', 'when it was opened')
    .option('--resolved <column>', 'when it was resolved')
    .option('--satisfaction <expression>', 'how content the user was, 1..5')
    .option('--rated <column>', 'when the satisfaction was stated (default: when resolved)')
    .option('--text <column>', 'what the user wrote (personal data)')
    .option('--source <name>', 'where the tickets come from (default import)')
    .action((options: ImportOptions) => execute(context, options, prepareTickets));

  add('devices', 'devices and who was seen with them')
    .option('--id <column>', 'the sender’s id of the device')
    .option('--type <column>', 'what it is, e.g. mobile')
    .option('--os <column>', 'operating system and version')
    .option('--user <column>', 'the key of a user seen with it; needs --first-seen')
    .option('--first-seen <column>', 'when the device, or the user with it, was first seen')
    .option('--source <name>', 'where the devices come from, noted with rejected rows')
    .action((options: ImportOptions) => execute(context, options, prepareDevices));
}

async function execute(
  context: ImportContext,
  options: ImportOptions,
  prepare: Prepare,
): Promise<void> {
  const stop = new AbortController();
  const interrupt = (): void => {
    stop.abort();
  };
  const monotonicMs = (): number => performance.now();
  const colour = context.colour;
  process.once('SIGINT', interrupt);
  const reading = progressBar(process.stderr, 'looking', monotonicMs, colour);
  const writing = progressBar(process.stderr, 'importing', monotonicMs, colour);
  try {
    const prepared = await prepare(options, {
      onProgress: (p) => {
        reading.update(p);
      },
      signal: stop.signal,
    });
    reading.clear();
    const result = await context.withImport((deps) =>
      prepared.run(deps, {
        onProgress: (p) => {
          writing.update(p);
        },
        signal: stop.signal,
      }),
    );
    writing.clear();
    // nothing of the file is in: a script that goes on to train must notice
    if (result.rejected > 0 && result.accepted + result.duplicates === 0) process.exitCode = 1;
    const { output } = context;
    const { features } = result;
    if (output.json) {
      output.line(
        summaryJson(prepared.kind, result, features ? { features: features.registered } : {}),
      );
      return;
    }
    const notes = [...prepared.notes, ...(features ? featureNotes(features) : [])];
    output.line(summaryText(prepared.kind, result, notes));
  } finally {
    reading.clear();
    writing.clear();
    process.removeListener('SIGINT', interrupt);
  }
}

/** What became of the attributes, in words. */
export function featureNotes({
  registered,
  numbered,
  kept,
  skipped,
}: RegisteredAttributes): string[] {
  return [
    ...(registered.length > 0
      ? [`${registered.length} attribute features registered: ${registered.join(', ')}`]
      : []),
    ...numbered.map(({ attribute, name }) => `${attribute} is ${name}: that name was taken`),
    ...(kept.length > 0 ? [`features that were there already: ${kept.join(', ')}`] : []),
    ...skipped.map(({ attribute, reason }) => `${attribute} becomes no feature: ${reason}`),
  ];
}
