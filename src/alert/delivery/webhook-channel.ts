import type { Channel, ChannelMessage } from './channel.js';
import type { PostJson } from './post-json.js';
import { signedHeaders } from './signature.js';

/** The body of a webhook; docs/alerts.md describes it. The same at every attempt. */
export function webhookBody({ id, at, alerts, test }: ChannelMessage): string {
  return JSON.stringify({
    id,
    type: test === true ? 'test' : 'alerts',
    at: at.toISOString(),
    alerts,
  });
}

/** A program that takes alerts as signed JSON. */
export function webhookChannel(
  settings: { name: string; url: string; secrets: readonly string[] },
  deps: { post: PostJson; wall(): Date },
): Channel {
  const { name, secrets } = settings;
  const url = new URL(settings.url);
  return {
    name,
    kind: 'WEBHOOK',
    target: placeOf(url),
    most: 100,
    send: (message, signal) => {
      const body = webhookBody(message);
      return deps.post(url, body, signedHeaders(message.id, body, secrets, deps.wall()), signal);
    },
  };
}

/** Where a URL leads, without what may be secret in it: user, password, path and query. */
export function placeOf(url: URL): string {
  return url.pathname === '/' && url.search === '' ? url.origin : `${url.origin}/…`;
}
