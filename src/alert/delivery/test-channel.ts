import type { AuditEntry } from '../../access/audit.store.js';
import type { Clock } from '../../kernel/clock.js';
import { userError, type UserError } from '../../kernel/error.js';
import { uuidv7 } from '../../kernel/uuid.js';
import type { Channel } from './channel.js';
import { sendInTime } from './deliver-alerts.js';

export interface TestChannelDeps {
  channels: readonly Channel[];
  recordTest(channel: string, delivered: boolean, entry: AuditEntry): Promise<void>;
  clock: Pick<Clock, 'wall'>;
}

/** How a test went; `error` is why it did not get there. */
export interface ChannelTest {
  delivered: boolean;
  error: string | null;
  userErrors: UserError[];
}

/** Sends a test over a channel now, whether or not it rests, and writes down who asked. */
export function testChannel(
  deps: TestChannelDeps,
): (name: string, actor: string, signal: AbortSignal) => Promise<ChannelTest> {
  return async (name, actor, signal) => {
    const channel = deps.channels.find((each) => each.name === name);
    if (!channel) {
      const known = deps.channels.map((each) => each.name).join(', ');
      const message = `there is no channel named ${JSON.stringify(name.slice(0, 80))}: ${known === '' ? 'none is configured, see AUGURY_CHANNELS in docs/alerts.md' : `there are ${known}`}`;
      return {
        delivered: false,
        error: null,
        userErrors: [userError('NOT_FOUND', message, 'name')],
      };
    }
    const at = deps.clock.wall();
    const test = { id: uuidv7(at), at, alerts: [], test: true };
    const attempt = await sendInTime(channel, test, signal);
    const error = attempt.ok ? (attempt.note ?? null) : attempt.error;
    await deps.recordTest(name, attempt.ok, {
      at,
      actor,
      action: 'tested',
      subject: `AlertChannel:${name}`,
      detail: { delivered: attempt.ok, error },
    });
    return { delivered: attempt.ok, error, userErrors: [] };
  };
}
