import type { Command } from 'commander';
import { Option } from 'commander';
import type { RoleName } from '../../graphql/context.js';
import { AppError } from '../../kernel/error.js';
import type { CliContext } from '../context.js';
import { table } from '../output.js';

/** `keys create | list | revoke`: works on the database, so that the first key needs no key. */
export function addKeysCommand(program: Command, context: CliContext): void {
  const keys = program.command('keys').description('API keys');
  keys
    .command('create')
    .description('make a key; it is shown only now')
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices(['CRM', 'ANALYST', 'OPERATOR', 'ADMIN'])
        .makeOptionMandatory(),
    )
    .requiredOption('--name <name>', 'who or what will use it')
    .action((options: { role: RoleName; name: string }) =>
      context.withInstallation(async ({ access }) => {
        const made = await access.createKey({ ...options, createdBy: 'command line' });
        if (context.output.json) {
          context.output.line(JSON.stringify({ id: made.id, role: options.role, key: made.key }));
          return;
        }
        context.output.line(made.key);
        context.output.note(`${options.role} key "${options.name}", id ${made.id}; shown only now`);
      }),
    );
  keys
    .command('list')
    .description('keys in force and revoked, without their secrets')
    .action(() =>
      context.withInstallation(async ({ access }) => {
        const rows = await access.listKeys();
        if (context.output.json) {
          for (const row of rows) context.output.line(JSON.stringify(row));
          return;
        }
        const shown = rows.map((row) => [
          row.id,
          row.role,
          row.name,
          row.createdAt.toISOString().slice(0, 16),
          row.revokedAt ? `revoked ${row.revokedAt.toISOString().slice(0, 16)}` : 'in force',
        ]);
        context.output.line(table(['id', 'role', 'name', 'created', 'state'], shown));
      }),
    );
  keys
    .command('revoke')
    .description('end a key; it is refused within seconds')
    .argument('<id>', 'the id that `keys list` shows')
    .action((id: string) =>
      context.withInstallation(async ({ access }) => {
        if (!(await access.revokeKey({ id, revokedBy: 'command line' })))
          throw new AppError(
            'NOT_FOUND',
            `no key in force has the id ${id}: \`keys list\` shows the ids`,
          );
        context.output.line(
          context.output.json ? JSON.stringify({ id, revoked: true }) : `revoked ${id}`,
        );
      }),
    );
}
