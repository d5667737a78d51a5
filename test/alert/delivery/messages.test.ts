import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { headline } from '../../../src/alert/delivery/alert-text.js';
import { parseChannels } from '../../../src/alert/delivery/channel-file.js';
import { mailOf } from '../../../src/alert/delivery/email-channel.js';
import { oneLine } from '../../../src/alert/delivery/one-line.js';
import { pagerdutyEvent } from '../../../src/alert/delivery/pagerduty-channel.js';
import { signedHeaders } from '../../../src/alert/delivery/signature.js';
import { slackBody } from '../../../src/alert/delivery/slack-channel.js';
import { webhookBody } from '../../../src/alert/delivery/webhook-channel.js';
import { projectRoot } from '../../../src/plant/paths.js';
import { snapshot, START } from './alerts.js';

const ID = '0195a000-0000-7000-8000-00000000abcd';
const message = (...alerts: ReturnType<typeof snapshot>[]) => ({ id: ID, at: START, alerts });
const TEST = { ...message(), test: true };

/** A block of a language in docs/alerts.md, by its place among them. */
function documented(language: string, place = 0): string {
  const text = fs.readFileSync(path.join(projectRoot, 'docs/alerts.md'), 'utf8');
  const blocks = [...text.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))];
  const code = blocks[place]?.[1];
  if (code === undefined) throw new Error(`docs/alerts.md has no ${language} at ${place}`);
  return code;
}

describe('the signature of a webhook', () => {
  // golden: printf '%s' '1772366400.{"a":1}' | openssl dgst -sha256 -hmac Jefe (OpenSSL 3)
  it('is HMAC-SHA256 over timestamp and body, once for each secret', () => {
    expect(signedHeaders(ID, '{"a":1}', ['Jefe', 'old'], START)).toEqual({
      'Augury-Id': ID,
      'Augury-Timestamp': '1772366400',
      'Augury-Signature':
        't=1772366400,v1=d4f9f0d0c897a345ad63613e5009295d6a51494ff6bcc2ab4abd9af5333c183d,v1=a2f5449ba43202a93b1a7b059368cb5b0b9caba2eefcffa11a9cea21fa7586e3',
    });
  });

  const body = webhookBody(message(snapshot({ summary: 'naïve “ü” \u2028 text' })));
  const headers = signedHeaders(ID, body, ['current', 'previous'], START);
  const lower = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const seconds = START.getTime() / 1_000;
  const cases = [
    { title: 'current secret', secret: 'current', now: seconds, ok: true },
    { title: 'previous secret', secret: 'previous', now: seconds + 299, ok: true },
    { title: 'another secret', secret: 'other', now: seconds, ok: false },
    { title: 'old message', secret: 'current', now: seconds + 301, ok: false },
    { title: 'changed body', secret: 'current', now: seconds, body: `${body} `, ok: false },
    { title: 'no signature', secret: 'current', now: seconds, headers: {}, ok: false },
    {
      title: 'signature of another kind',
      secret: 'current',
      now: seconds,
      headers: { 'augury-signature': `t=${seconds},v1=ü,v0=00,v1` },
      ok: false,
    },
    {
      title: 'another time',
      secret: 'current',
      now: seconds,
      headers: {
        'augury-signature': lower['augury-signature']?.replace(String(seconds), '1772366401'),
      },
      ok: false,
    },
  ].map((each) => ({ body, headers: lower, ...each }));

  it.each(cases)('documented JavaScript, $title: $ok', async (each) => {
    const source = `data:text/javascript,${encodeURIComponent(documented('js'))}`;
    const { verify } = (await import(/* @vite-ignore */ source)) as {
      verify(body: string, headers: object, secret: string, now: number): boolean;
    };
    expect(verify(each.body, each.headers, each.secret, each.now)).toBe(each.ok);
  });

  const python = '/usr/bin/python3';
  it.skipIf(!fs.existsSync(python))('documented Python: all of these cases', () => {
    const program = `${documented('python')}
import json, sys
print(json.dumps([verify(c["body"].encode(), c["headers"], c["secret"], c["now"]) for c in json.load(sys.stdin)]))
`;
    const output = execFileSync(python, ['-c', program], {
      input: JSON.stringify(cases),
      encoding: 'utf8',
    });
    expect(JSON.parse(output)).toEqual(cases.map(({ ok }) => ok));
  });
});

describe('what channels are told', () => {
  it('the documented file of channels can be used', () => {
    const names = ['OPS_SECRET', 'OPS_SECRET_OLD', 'PAGERDUTY_KEY'];
    const environment = {
      ...Object.fromEntries(names.map((name) => [name, 'secret'])),
      SLACK_URL: 'https://hooks.slack.com/services/T/B/x',
      SMTP_URL: 'smtps://user:password@mail.example.com:465',
    };
    const file = parseChannels(documented('json'), 'channels.json', environment);
    expect(file.map(({ name }) => name)).toEqual(['ops', 'team', 'mail', 'pager']);
  });

  it('webhooks get the documented fields', () => {
    const example = JSON.parse(documented('json', 1)) as object;
    const sent = JSON.parse(webhookBody(message(snapshot()))) as { alerts: object[] };
    const fields = (value: object): string[] => Object.keys(value).sort();
    expect(fields(sent)).toEqual(fields(example));
    expect(fields(sent.alerts[0] ?? {})).toEqual(fields((example as typeof sent).alerts[0] ?? {}));
    expect(JSON.parse(webhookBody(TEST))).toMatchObject({ id: ID, type: 'test', alerts: [] });
  });

  it('a message has a headline: of one alert what happened, of several how many', () => {
    expect(headline(message(snapshot()))).toBe('[HIGH] FIRING: High error rate');
    const [fired, over] = [snapshot(), snapshot({ status: 'RESOLVED' })];
    expect(headline(message(fired, fired, over))).toBe(
      'Augury: 3 changes of alerts (2 firing, 1 resolved)',
    );
    expect(headline(TEST)).toBe('Augury: a test of this channel');
  });

  it('Slack gets a section for each alert, and nothing in a text is read as markup', () => {
    const text = JSON.stringify(
      slackBody(message(snapshot({ rule: '<!channel> & <http://evil|good>' }), snapshot())),
    );
    expect(text).not.toMatch(/<!channel>|<http/);
    expect(text).toContain('&lt;!channel&gt; &amp; &lt;http://evil|good&gt;');
    const body = slackBody(message(snapshot({ summary: '&'.repeat(5_000) }), snapshot())) as {
      blocks: { text: { text: string } }[];
    };
    expect(body.blocks).toHaveLength(3);
    for (const block of body.blocks) {
      expect(block.text.text.length).toBeLessThanOrEqual(3_000);
      expect(block.text.text).not.toMatch(/&(?!amp;|lt;|gt;)/);
    }
    expect(body.blocks[2]?.text.text).toContain(
      'error_rate {model=churn}: 0.0841 (rule: &gt; 0.05)\nsince 2026-03-01T11:55:00.000Z',
    );
  });

  it.each([
    { status: 'FIRING', severity: 'CRITICAL', action: 'trigger', as: 'critical' },
    { status: 'ACKNOWLEDGED', severity: 'HIGH', action: 'acknowledge', as: 'error' },
    { status: 'SILENCED', severity: 'MEDIUM', action: 'acknowledge', as: 'warning' },
    { status: 'RESOLVED', severity: 'LOW', action: 'resolve', as: 'info' },
  ] as const)('PagerDuty: $status $severity -> $action, $as', (row) => {
    const alert = snapshot({ status: row.status, severity: row.severity });
    expect(pagerdutyEvent(message(alert), 'key')).toMatchObject({
      ...{ routing_key: 'key', event_action: row.action, dedup_key: alert.id },
      payload: { severity: row.as, source: 'augury', summary: alert.summary },
    });
    expect(pagerdutyEvent(TEST, 'key')).toMatchObject({ dedup_key: `augury-test-${ID}` });
  });

  it('a line is one line, and nothing in it turns or hides what is read', () => {
    expect(oneLine('a\r\nBcc: x\u2028b\u202ec\u200bd\ud800')).toBe('a Bcc: x b c d');
  });

  it('mail is one text for people and one for programs, without a way to add headers or markup', () => {
    const evil = 'x\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>';
    const mail = mailOf(message(snapshot({ rule: evil })), 'Augury <augury@example.com>');
    expect(mail.subject).toBe('[HIGH] FIRING: x Bcc: all@example.com <script>alert(1)</script>');
    expect(mail.html).not.toContain('<script>');
    expect(mail.html).toContain('&lt;script&gt;');
    expect(mail.messageId).toBe(`<${ID}@example.com>`);
    expect(mailOf(TEST, 'a@b.example').messageId).toBe(`<${ID}@b.example>`);
  });
});
