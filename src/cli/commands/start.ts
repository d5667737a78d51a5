import type { Command } from 'commander';
import { runSystem } from '../../main.js';
import type { CliContext } from '../context.js';

/** `start`: runs the system until it is told to stop. */
export function addStartCommand(program: Command, context: CliContext): void {
  program
    .command('start')
    .description('run the system: database, worker, server')
    .option('--port <port>', 'port of the server; 0 takes a free one (default 4000)')
    .option('--role <role>', 'api, worker or all (default all)')
    .option('--no-demo', 'leave an empty database empty')
    .option('--now <iso>', 'ask "as of" this instant instead of now')
    .action(async () => {
      await runSystem(context.config, context.environment, (line) => context.output.line(line));
    });
}
