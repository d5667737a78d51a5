import { once } from 'node:events';
import fs from 'node:fs';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { composePrivacyWork, tombstonePlace } from '../../compose-privacy-work.js';
import { AppError, type UserError } from '../../kernel/error.js';
import { tombstoneFile } from '../../privacy/tombstone-file.js';
import type { CliContext, OpenedInstallation } from '../context.js';
import { figure } from '../output.js';

const ACTOR = 'command line';

type WithRoom = <T>(
  work: (room: ReturnType<typeof composePrivacyWork>) => Promise<T>,
) => Promise<T>;

/** `export-user`, `erase-user`, `privacy replay`: work on the database, as a restore happens without a server. */
export function addPrivacyCommands(program: Command, context: CliContext): void {
  const withRoom: WithRoom = (work) =>
    context.withInstallation(({ db, clock, log }: OpenedInstallation) =>
      work(
        composePrivacyWork({
          db,
          clock,
          log,
          bus: null,
          tombstones: tombstonePlace(context.config),
        }),
      ),
    );
  addExport(program, context, withRoom);
  addErase(program, context, withRoom);
  addReplay(program, context, withRoom);
}

function addExport(program: Command, context: CliContext, withRoom: WithRoom): void {
  program
    .command('export-user')
    .description('write everything held about a customer as lines of JSON: {"table", "row"}')
    .argument('<external-id>', 'key in the CRM')
    .option('--out <file>', 'where to write; must not exist (default: standard output)')
    .action((externalId: string, options: { out?: string }) =>
      withRoom(async (room) => {
        const sink = options.out === undefined ? process.stdout : newFile(options.out);
        let rows = 0;
        const error = await room.streamUser(externalId, ACTOR, null, async (table, row) => {
          rows += 1;
          if (!sink.write(`${JSON.stringify({ table, row })}\n`)) await once(sink, 'drain');
        });
        if (sink !== process.stdout) {
          sink.end();
          await once(sink, 'close');
          if (error && options.out !== undefined) fs.rmSync(options.out);
        }
        refuse(error);
        context.output.note(`${figure(rows)} rows${options.out ? ` in ${options.out}` : ''}`);
      }),
    );
}

function addErase(program: Command, context: CliContext, withRoom: WithRoom): void {
  program
    .command('erase-user')
    .description('remove a customer for good, from every table; prints the receipt')
    .argument('<external-id>', 'key in the CRM')
    .option('--yes', 'do not ask')
    .action(async (externalId: string, options: { yes?: boolean }) => {
      if (!options.yes) await confirm(externalId);
      await withRoom(async (room) => {
        const { receipt, error } = await room.eraseUser(externalId, ACTOR);
        refuse(error);
        context.output.line(JSON.stringify(receipt, null, context.output.json ? 0 : 2));
      });
    });
}

function addReplay(program: Command, context: CliContext, withRoom: WithRoom): void {
  program
    .command('privacy')
    .description('what keeps erasures in force')
    .command('replay')
    .description('make erasures again that a restored database does not know')
    .option('--file <file>', 'tombstones to read (default: those of this installation)')
    .action((options: { file?: string }) =>
      withRoom(async (room) => {
        if (options.file !== undefined && !fs.existsSync(options.file))
          throw new AppError('INVALID', `--file: there is no ${options.file}`);
        const given = options.file && (await tombstoneFile(options.file).read());
        const replay = await room.replay(given || undefined);
        context.output.line(
          context.output.json
            ? JSON.stringify(replay)
            : `${figure(replay.unknown)} erasures were not known here; ${figure(replay.erased)} customers and ${figure(replay.events)} events removed`,
        );
      }),
    );
}

function refuse(error: UserError | null): void {
  if (error) throw new AppError('NOT_FOUND', error.message);
}

/** Mode 0600: it holds all that is known of a person. */
function newFile(file: string): fs.WriteStream {
  try {
    return fs.createWriteStream(file, { fd: fs.openSync(file, 'wx', 0o600) });
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    const message = exists ? `--out: ${file} exists already` : `--out: ${String(cause)}`;
    throw new AppError('INVALID', message, { cause });
  }
}

async function confirm(externalId: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new AppError('INVALID', 'erase-user asks on a terminal; elsewhere pass --yes');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `This cannot be undone. Type the key again to erase ${externalId}: `,
    );
    if (answer !== externalId)
      throw new AppError('INVALID', 'that was another key: nothing was erased');
  } finally {
    terminal.close();
  }
}
