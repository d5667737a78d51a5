import { alertLines, headline, TEST_TEXT } from './alert-text.js';
import type { Channel, ChannelMessage } from './channel.js';
import type { PostJson } from './post-json.js';
import { placeOf } from './webhook-channel.js';

/** Slack takes 50 blocks of 3,000 characters. */
const MOST_ALERTS = 45;
const BLOCK_CHARACTERS = 3_000;

/** An incoming webhook of Slack, or of what speaks its language (Mattermost, Rocket.Chat). */
export function slackChannel(
  settings: { name: string; url: string },
  deps: { post: PostJson },
): Channel {
  const url = new URL(settings.url);
  return {
    name: settings.name,
    kind: 'SLACK',
    target: placeOf(url),
    most: MOST_ALERTS,
    send: (message, signal) =>
      deps.post(url, JSON.stringify(slackBody(message)), { 'Augury-Id': message.id }, signal),
  };
}

/** `text` is what notifications show, `blocks` what the channel shows: one for each alert. */
export function slackBody(message: ChannelMessage): object {
  const title = escaped(headline(message));
  const blocks = message.alerts.map((alert) => {
    const { title: name, lines } = alertLines(alert);
    return section(`*${escaped(name)}*\n${lines.map(escaped).join('\n')}`);
  });
  if (message.test === true) blocks.push(section(escaped(TEST_TEXT)));
  return { text: title, blocks: [section(`*${title}*`), ...blocks] };
}

const section = (text: string): object => ({
  type: 'section',
  text: { type: 'mrkdwn', text: cut(text) },
});

/** Cut where no escape is cut in two. */
function cut(text: string): string {
  if (text.length <= BLOCK_CHARACTERS) return text;
  return `${text.slice(0, BLOCK_CHARACTERS - 1).replace(/&[a-z]{0,3}$/, '')}…`;
}

/** The three characters that Slack reads as its own; a text cannot mention anybody or show a link as another. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
