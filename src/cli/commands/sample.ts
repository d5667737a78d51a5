import type { Command } from 'commander';
import { systemClock } from '../../kernel/clock.js';
import type { CliContext } from '../context.js';
import { figure } from '../output.js';
import { writeSample } from '../sample.js';

/** `sample --out DIR`: the demo population as CSV files, to try imports with. */
export function addSampleCommand(program: Command, context: CliContext): void {
  program
    .command('sample')
    .description(
      'write the demo population as CSV files: users, events, tickets, devices, outcomes',
    )
    .requiredOption('--out <folder>', 'where to write them')
    .option('--now <iso>', 'histories end on this day (default: today)')
    .option('--force', 'overwrite files of an earlier sample')
    .action(async (options: { out: string; force?: boolean }) => {
      const now = systemClock(context.config.now).now();
      const sample = await writeSample({ out: options.out, now, force: options.force ?? false });
      if (context.output.json) {
        context.output.line(JSON.stringify(sample));
        return;
      }
      context.output.line(
        `${figure(sample.users)} users, ${figure(sample.events)} events, ${figure(sample.tickets)} tickets, ${figure(sample.outcomes)} outcomes up to ${sample.end.toISOString().slice(0, 10)} in ${sample.folder}`,
      );
      context.output.note('README.txt there has the commands that import them');
    });
}
