import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseChannels, readChannelFile } from '../../../src/alert/delivery/channel-file.js';
import { openChannels } from '../../../src/alert/delivery/open-channels.js';
import { START } from './alerts.js';

const environment = { HOOK_SECRET: 'k3y-current', PAGER: 'R0UTING-KEY' };
const GOOD = {
  ops: {
    kind: 'webhook',
    url: 'https://user:pass@ops.example.com/hooks/secret-path?token=t0ken',
    secrets: ['env:HOOK_SECRET', 'k3y-previous'],
  },
  team: { kind: 'slack', url: 'https://hooks.slack.com/services/T0/B0/xyz' },
  mail: {
    kind: 'email',
    smtp: 'smtps://mailer:pa55@mail.example.com:465',
    from: 'Augury <augury@example.com>',
    to: ['ops@example.com', 'on.call@example.com'],
  },
  pager: { kind: 'pagerduty', routingKey: 'env:PAGER' },
};
const parse = (value: unknown) =>
  parseChannels(JSON.stringify(value), 'channels.json', environment);
const problemsOf = (value: unknown): string[] => {
  try {
    parse(value);
    return [];
  } catch (error) {
    expect(error).toMatchObject({ name: 'AppError', code: 'CONFIGURATION' });
    return (error as Error).message.split('\n  ').slice(1);
  }
};

describe('the file of channels', () => {
  it('is read with values from the environment, and targets are shown without secrets', () => {
    const settings = parse(GOOD);
    expect(settings).toMatchObject([
      { name: 'ops', secrets: ['k3y-current', 'k3y-previous'] },
      { name: 'team' },
      { name: 'mail' },
      { name: 'pager', routingKey: 'R0UTING-KEY', url: 'https://events.pagerduty.com/v2/enqueue' },
    ]);
    const post = () => Promise.resolve({ ok: true } as const);
    const channels = openChannels(settings, { post, wall: () => START });
    expect(channels.map(({ name, kind, target }) => [name, kind, target])).toEqual([
      ['ops', 'WEBHOOK', 'https://ops.example.com/…'],
      ['team', 'SLACK', 'https://hooks.slack.com/…'],
      ['mail', 'EMAIL', 'ops@example.com, on.call@example.com through mail.example.com'],
      ['pager', 'PAGERDUTY', 'https://events.pagerduty.com'],
    ]);
  });
  it('names every problem with channel and field, and shows no value', () => {
    expect(
      problemsOf({
        '1st': { kind: 'slack', url: 'https://example.com' },
        ops: { kind: 'webhook', url: 'ftp://s3cret.example.com', secrets: [] },
        two: { kind: 'webhook', secrets: ['a', ''], retries: 4 },
        team: { kind: 'teams' },
        mail: { kind: 'email', smtp: 'smtp://h', from: 'nobody', to: ['a@b.c\nBcc: x@y.z'] },
        pager: { kind: 'pagerduty', routingKey: 'env:NOT_THERE' },
        nothing: null,
      }),
    ).toEqual([
      '"1st": a name is a letter, then up to 62 of A-Z a-z 0-9 _ -',
      'ops.url must be a URL that starts with https:// or http://',
      'ops.secrets must hold 1..5 secrets',
      'two.url is missing',
      'two.secrets.1 must not be empty',
      'two.retries: there is no such field',
      'team.kind must be one of webhook, slack, email, pagerduty',
      'mail.from must be one e-mail address, such as ops@example.com or Augury <ops@example.com>',
      'mail.to.0 must be one e-mail address, such as ops@example.com or Augury <ops@example.com>',
      'pager.routingKey: the environment variable NOT_THERE is not set',
      'nothing must be of type object',
    ]);
  });
  it.each([
    { title: 'no JSON', text: '{"ops": {"secrets": ["k3y', says: 'is no JSON' },
    { title: 'a list', text: '[]', says: 'must be an object of channels by name' },
  ])('refuses $title without quoting it', ({ text, says }) => {
    expect(() => parseChannels(text, 'channels.json', {})).toThrow(says);
    expect(() => parseChannels(text, 'channels.json', {})).not.toThrow('k3y');
  });
  it('says which file cannot be read', () => {
    expect(() => readChannelFile('/nowhere/channels.json', {})).toThrow(
      /AUGURY_CHANNELS: the file cannot be read: .*\/nowhere\/channels\.json/,
    );
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-channels-'));
    const file = path.join(folder, 'channels.json');
    fs.writeFileSync(file, JSON.stringify(GOOD));
    expect(readChannelFile(file, environment)).toHaveLength(4);
    fs.rmSync(folder, { recursive: true });
  });
  it('errors of a channel hold none of its secrets', async () => {
    let said =
      'POST https://user:pass@ops.example.com/hooks/secret-path?token=t0ken with k3y-current failed for /hooks/secret-path?token=t0ken';
    const post = () => Promise.resolve({ ok: false, error: said, retry: true } as const);
    const [ops] = openChannels(parse(GOOD), { post, wall: () => START });
    const message = { id: 'm', at: START, alerts: [] };
    const attempt = await ops?.send(message, new AbortController().signal);
    expect(attempt).toMatchObject({ ok: false, error: 'POST … with … failed for …' });
    said = 'HTTP 401: you said k3y-curr';
    expect(await ops?.send(message, new AbortController().signal)).toMatchObject({
      error: 'HTTP 401: you said …',
    });
  });
});
