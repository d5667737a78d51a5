import type { Command } from 'commander';
import { AppError } from '../../kernel/error.js';
import type { CliContext } from '../context.js';
import { ask, must } from '../remote.js';

interface ChannelTest {
  delivered: boolean;
  error: string | null;
  userErrors: { code: string; message: string; path: string[] }[];
}

/** `alerts test CHANNEL`: fails when the message did not get there. */
export function addAlertsTestCommand(alerts: Command, context: CliContext): void {
  alerts
    .command('test')
    .description('send a test over a channel')
    .argument('<channel>', 'name of the channel')
    .action(async (channel: string) => {
      const { testAlertChannel } = await ask<{ testAlertChannel: ChannelTest }>(
        await context.remote(),
        `mutation Test($name: String!) {
          testAlertChannel(name: $name) { delivered error userErrors { code message path } }
        }`,
        { name: channel },
      );
      const { delivered, error } = must(testAlertChannel);
      if (context.output.json) context.output.line(JSON.stringify({ channel, delivered, error }));
      if (!delivered)
        throw new AppError('INTERNAL', `${channel} was not reached: ${error ?? 'no reason given'}`);
      if (context.output.json) return;
      context.output.line(`${channel} was reached${error === null ? '' : ` (${error})`}`);
    });
}
