import type { Command } from 'commander';
import { createLog } from '../../plant/log.js';
import type { CliContext } from '../context.js';
import { examine } from '../doctor.js';

/** `doctor`: looks at everything an installation needs; exit code 1 when something is wrong. */
export function addDoctorCommand(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .description('check Node, disk, port, model, database, migrations, clock and queue')
    .action(async () => {
      const log = createLog({ ...context.config, logLevel: 'silent' });
      const findings = await examine(context.config, log);
      for (const { check, ok, detail } of findings)
        context.output.line(
          context.output.json
            ? JSON.stringify({ check, ok, detail })
            : `${ok ? 'ok  ' : 'FAIL'}  ${check.padEnd(10)}  ${detail}`,
        );
      if (findings.some(({ ok }) => !ok)) process.exitCode = 1;
    });
}
