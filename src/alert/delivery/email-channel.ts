import net from 'node:net';
import { escapeHtml } from '../../kernel/escape.js';
import { alertLines, headline, TEST_TEXT } from './alert-text.js';
import type { Attempt, Channel, ChannelMessage } from './channel.js';
import { oneLine } from './one-line.js';
import { reasonOf } from './post-json.js';

const TIMEOUT_MS = 10_000;

export interface EmailSettings {
  name: string;
  /** smtp:// or smtps://, with user and password where the server wants them. */
  smtp: string;
  /** `ops@example.com` or `Augury <ops@example.com>` */
  from: string;
  to: readonly string[];
}

/** Mail through an SMTP server. */
export function emailChannel(settings: EmailSettings): Channel {
  const { name, smtp, from, to } = settings;
  return {
    name,
    kind: 'EMAIL',
    target: `${to.join(', ')} through ${new URL(smtp).hostname}`,
    most: 100,
    send: (message, signal) =>
      sendMail(smtp, { from, to: [...to], ...mailOf(message, from) }, signal),
  };
}

interface Mail {
  subject: string;
  text: string;
  html: string;
  messageId: string;
  headers: Record<string, string>;
}

/** A message as mail. The Message-ID is the same at every attempt: mail programs show a repeat once. */
export function mailOf(message: ChannelMessage, from: string): Mail {
  const title = headline(message);
  const parts =
    message.test === true ? [{ title, lines: [TEST_TEXT] }] : message.alerts.map(alertLines);
  const domain = /@([\w.-]+)>?\s*$/.exec(from)?.[1] ?? 'augury.invalid';
  return {
    // a subject is one line: what follows a line break would be a header of its own
    subject: oneLine(title),
    text: parts.map((part) => [part.title, ...part.lines].join('\n')).join('\n\n'),
    html: parts
      .map(
        (part) =>
          `<h3>${escapeHtml(part.title)}</h3><p>${part.lines.map(escapeHtml).join('<br>')}</p>`,
      )
      .join('\n'),
    messageId: `<${message.id}@${domain}>`,
    headers: { 'Augury-Id': message.id, 'Auto-Submitted': 'auto-generated' },
  };
}

async function sendMail(
  smtp: string,
  mail: Mail & { from: string; to: string[] },
  signal: AbortSignal,
): Promise<Attempt> {
  let socket: net.Socket | null = null;
  const stop = (): void => {
    socket?.destroy(new Error('the mail server did not answer in time'));
  };
  signal.addEventListener('abort', stop);
  try {
    // by who sends mail: every start of the program would pay for it
    const { createTransport } = await import('nodemailer');
    const connection = await connectTo(new URL(smtp), signal);
    socket = connection;
    const transport = createTransport({
      url: smtp,
      // a socket of our own: nodemailer's could not be ended before its time
      getSocket: (_, callback) => {
        callback(null, { connection });
      },
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    const { rejected } = await transport.sendMail(mail);
    if (rejected.length === 0) return { ok: true };
    return { ok: true, note: `not taken for ${rejected.length} of ${mail.to.length} recipients` };
  } catch (error) {
    return failureOf(error);
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

function connectTo(url: URL, signal: AbortSignal): Promise<net.Socket> {
  const port = Number(url.port) || (url.protocol === 'smtps:' ? 465 : 587);
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port });
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const stop = (): void => {
      socket.destroy(new Error('the mail server did not answer in time'));
    };
    inTime.addEventListener('abort', stop);
    socket.once('connect', () => {
      inTime.removeEventListener('abort', stop);
      resolve(socket);
    });
    socket.on('error', reject); // stays: an error that nobody listens to ends the process
  });
}

/** SMTP's own 5xx and a login that fails are for somebody to mend; everything else passes. */
function failureOf(error: unknown): Attempt {
  const { responseCode, code } = error as { responseCode?: number; code?: string };
  const refused = code === 'EAUTH' || (responseCode !== undefined && responseCode >= 500);
  const failure = { ok: false, error: reasonOf(error), retry: true } as const;
  return refused ? { ...failure, refused } : failure;
}
