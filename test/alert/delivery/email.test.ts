import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { emailChannel } from '../../../src/alert/delivery/email-channel.js';
import { snapshot, START } from './alerts.js';

const message = {
  id: '0195a000-0000-7000-8000-00000000abcd',
  at: START,
  alerts: [snapshot({ rule: 'Fehler\r\nBcc: all@example.com' }), snapshot({ status: 'RESOLVED' })],
};
const nothing = new AbortController().signal;
const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

interface Mail {
  from: string;
  to: string[];
  text: string;
}

/** A mail server on this machine; what it takes lies in `mails`. */
async function mailServer(options: SMTPServerOptions = {}) {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    hideSTARTTLS: true,
    onData(stream, session, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(parts).toString(),
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
      }),
  );
  return { mails, url: `127.0.0.1:${(server.server.address() as AddressInfo).port}` };
}

const channel = (smtp: string, to = ['a@example.com', 'b@example.com']) =>
  emailChannel({ name: 'mail', smtp, from: 'Augury <augury@example.com>', to });

describe('mail', () => {
  it('gets there with a stable Message-ID, text and HTML, and no header that a text brought along', async () => {
    const { mails, url } = await mailServer();
    const mail = channel(`smtp://${url}`);
    expect(await mail.send(message, nothing)).toEqual({ ok: true });
    expect(await mail.send(message, nothing)).toEqual({ ok: true });
    expect(mails).toMatchObject([
      { from: 'augury@example.com', to: ['a@example.com', 'b@example.com'] },
      { to: ['a@example.com', 'b@example.com'] },
    ]);
    const heads = mails.map(({ text }) => text.split('\r\n\r\n')[0]?.split('\r\n') ?? []);
    for (const head of heads) {
      expect(head).toContain(`Message-ID: <${message.id}@example.com>`);
      expect(head.map((line) => line.toLowerCase())).toContain(`augury-id: ${message.id}`);
      expect(head).toContain('Subject: Augury: 2 changes of alerts (1 firing, 1 resolved)');
      expect(head.filter((line) => /^bcc:/i.test(line))).toEqual([]);
    }
    expect(mails[0]?.text).toMatch(/text\/plain[^]*text\/html/);
  });

  it.each([
    { title: 'a server that is full', code: 452, means: { ok: false, retry: true } },
    { title: 'an address that there is not', code: 550, means: { ok: false, refused: true } },
  ])('$title', async ({ code, means }) => {
    const { url } = await mailServer({
      onRcptTo: (_, __, done) => {
        done(Object.assign(new Error('not now'), { responseCode: code }));
      },
    });
    const attempt = await channel(`smtp://${url}`).send(message, nothing);
    expect(attempt).toMatchObject(means);
    if (code === 452) expect(attempt).not.toHaveProperty('refused');
  });

  it('one of two recipients is enough, and the other is told of', async () => {
    const { mails, url } = await mailServer({
      onRcptTo: ({ address }, _, done) => {
        done(address.startsWith('b') ? new Error('unknown') : undefined);
      },
    });
    expect(await channel(`smtp://${url}`).send(message, nothing)).toEqual({
      ...{ ok: true, note: 'not taken for 1 of 2 recipients' },
    });
    expect(mails).toMatchObject([{ to: ['a@example.com'] }]);
  });

  it('logs in, and a password that is refused is for somebody to mend', async () => {
    const users: string[] = [];
    const { url } = await mailServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _, done) => {
        users.push(username ?? '');
        if (password === 'p@ss') done(null, { user: username });
        else done(new Error('wrong'));
      },
    });
    expect(await channel(`smtp://ops%40x:p%40ss@${url}`).send(message, nothing)).toEqual({
      ok: true,
    });
    expect(users).toEqual(['ops@x']);
    expect(await channel(`smtp://ops:no@${url}`).send(message, nothing)).toMatchObject({
      ...{ ok: false, refused: true },
    });
  });

  it('a server that is gone, and one that says nothing, are tried again', async () => {
    expect(await channel('smtp://127.0.0.1:1').send(message, nothing)).toMatchObject({
      ...{ ok: false, retry: true, error: expect.stringContaining('ECONNREFUSED') as string },
    });
    const stop = new AbortController();
    const ended: Promise<void>[] = [];
    const silent = net.createServer((socket) => {
      socket.on('error', () => undefined);
      ended.push(new Promise((resolve) => socket.on('close', () => resolve())));
      stop.abort();
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const attempt = await channel(`smtp://127.0.0.1:${port}`).send(message, stop.signal);
    expect(attempt).toMatchObject({ ok: false, retry: true });
    await Promise.all(ended); // the connection does not outlive the attempt
    await new Promise((resolve) => silent.close(resolve));
  });
});
