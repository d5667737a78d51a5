import type { OpenedSession } from '../access/login-link.js';
import type { Exchange } from './http.js';
import { readBody, redirect, reply } from './http.js';
import { originAllowed, presentedBy, sessionCookie } from './identity.js';
import type { ServerOptions } from './options.js';
import { loginPage, logoutPage, messagePage, PAGE_POLICY } from './pages.js';

const MAX_FORM_BYTES = 4_096;
const LONG_AGO = new Date(0);

/** `/login` and `/logout`. */
export interface LoginRoutes {
  login(exchange: Exchange): Promise<void>;
  logout(exchange: Exchange): Promise<void>;
}

/** A page of ours. */
export function replyPage(exchange: Exchange, status: number, html: string): void {
  reply(
    exchange,
    status,
    {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': PAGE_POLICY,
      'cache-control': 'no-store',
      // with `no-referrer` browsers send `Origin: null` from our own form, which would be refused
      'referrer-policy': 'same-origin',
    },
    html,
  );
}

/** Signs browsers in by a one-time link or a pasted key, and out again. */
export function loginRoutes(options: ServerOptions): LoginRoutes {
  const secure = options.config.publicUrl?.startsWith('https://') ?? false;
  const cookieOf = (session: OpenedSession): string =>
    sessionCookie(session.secret, session.expiresAt, secure);

  /** A form of another site must not sign anybody in or out. */
  const fromOwnPage = (exchange: Exchange): boolean => {
    const origin = originAllowed(exchange.request, options.config.allowedOrigins);
    if (origin !== 'refused') return true;
    const text = 'This form was sent from a page of another site.';
    replyPage(exchange, 403, messagePage('Not from here', text));
    return false;
  };

  return {
    async login(exchange) {
      const { request, url } = exchange;
      if (request.method === 'POST') {
        if (!fromOwnPage(exchange)) return;
        const form = new URLSearchParams((await readBody(request, MAX_FORM_BYTES)).toString());
        const session = await options.login.signInWithKey((form.get('key') ?? '').trim());
        if (session) redirect(exchange, '/explorer', { 'set-cookie': cookieOf(session) });
        else
          replyPage(
            exchange,
            401,
            loginPage('That key opens nothing: it is mistyped, revoked or expired.'),
          );
        return;
      }
      const key = url.searchParams.get('key');
      // a program that only looks where the link leads must not use it up
      if (key === null || request.method === 'HEAD') {
        replyPage(exchange, 200, loginPage(null));
        return;
      }
      const session = await options.login.openLoginLink(key);
      if (session) {
        redirect(exchange, '/explorer', { 'set-cookie': cookieOf(session) });
        return;
      }
      // who opens the link again while signed in just wants in
      if (await options.authenticate(presentedBy(request))) redirect(exchange, '/explorer');
      else
        replyPage(
          exchange,
          410,
          loginPage(
            'This link was used already or is older than 15 minutes. Start the server again for a new one, or paste a key.',
          ),
        );
    },
    async logout(exchange) {
      if (exchange.request.method !== 'POST') {
        replyPage(exchange, 200, logoutPage());
        return;
      }
      if (!fromOwnPage(exchange)) return;
      const { session } = presentedBy(exchange.request);
      if (session !== null) await options.login.signOut(session);
      redirect(exchange, '/login', { 'set-cookie': sessionCookie('', LONG_AGO, secure) });
    },
  };
}
