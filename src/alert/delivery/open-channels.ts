import { unreachable } from '../../kernel/id.js';
import type { Attempt, Channel } from './channel.js';
import type { ChannelSettings } from './channel-file.js';
import { emailChannel } from './email-channel.js';
import { pagerdutyChannel } from './pagerduty-channel.js';
import { reasonOf, type PostJson } from './post-json.js';
import { slackChannel } from './slack-channel.js';
import { webhookChannel } from './webhook-channel.js';

/** Shorter texts are found in anything. */
const SHORTEST_SECRET = 4;

/** Every channel of the file, ready to send. */
export function openChannels(
  settings: readonly ChannelSettings[],
  deps: { post: PostJson; wall(): Date },
): Channel[] {
  return settings.map((each) => discreet(openChannel(each, deps), secretsOf(each)));
}

function openChannel(settings: ChannelSettings, deps: { post: PostJson; wall(): Date }): Channel {
  switch (settings.kind) {
    case 'webhook':
      return webhookChannel(settings, deps);
    case 'slack':
      return slackChannel(settings, deps);
    case 'email':
      return emailChannel(settings);
    case 'pagerduty':
      return pagerdutyChannel(settings, deps);
    default:
      return unreachable(settings);
  }
}

/** Texts that must not be seen where errors are, however they got into one. */
function secretsOf(settings: ChannelSettings): string[] {
  const parts = (text: string): string[] => {
    const { username, password, pathname, search } = new URL(text);
    return [text, decoded(username), decoded(password), username, password, pathname + search];
  };
  const all =
    settings.kind === 'webhook'
      ? [...settings.secrets, ...parts(settings.url)]
      : settings.kind === 'slack'
        ? parts(settings.url)
        : settings.kind === 'email'
          ? parts(settings.smtp)
          : [settings.routingKey, ...parts(settings.url)];
  return all.filter((text) => text.length >= SHORTEST_SECRET).sort((a, b) => b.length - a.length);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What a receiver says is cut before it comes here: the beginning of a secret may stand at the end of it. */
function withoutCut(text: string, secrets: readonly string[]): string {
  for (const secret of secrets)
    for (let length = secret.length - 1; length >= SHORTEST_SECRET; length -= 1)
      if (text.endsWith(secret.slice(0, length))) return `${text.slice(0, -length)}…`;
  return text;
}

/** The channel, whose errors hold no secrets and which never throws. */
function discreet(channel: Channel, secrets: readonly string[]): Channel {
  const clean = (text: string): string =>
    withoutCut(
      secrets.reduce((rest, secret) => rest.replaceAll(secret, '…'), text),
      secrets,
    ).slice(0, 300);
  const send: Channel['send'] = async (message, signal) => {
    let attempt: Attempt;
    try {
      attempt = await channel.send(message, signal);
    } catch (error) {
      attempt = { ok: false, error: reasonOf(error), retry: true };
    }
    return attempt.ok ? attempt : { ...attempt, error: clean(attempt.error) };
  };
  return { ...channel, send };
}
