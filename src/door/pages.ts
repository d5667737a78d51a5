import { escapeHtml } from '../kernel/escape.js';

/** A page with an inline style and no script. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const STYLE = `
  :root { color-scheme: light dark; --ink: #1c1b22; --paper: #fbfaf7; --line: #d8d4c8; --accent: #5b3fd6; }
  @media (prefers-color-scheme: dark) { :root { --ink: #ece9f5; --paper: #17161d; --line: #3a3746; --accent: #a794ff; } }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper); color: var(--ink);
    font: 16px/1.5 system-ui, sans-serif; }
  main { width: min(34rem, calc(100vw - 3rem)); }
  h1 { font-size: 1.4rem; margin: 0 0 0.5rem; }
  label { display: block; margin: 1.2rem 0 0.3rem; font-weight: 600; }
  input { box-sizing: border-box; width: 100%; padding: 0.6rem; font: inherit; color: inherit; background: transparent;
    border: 1px solid var(--line); border-radius: 6px; }
  button { margin-top: 1rem; padding: 0.6rem 1.2rem; font: inherit; font-weight: 600; color: var(--paper);
    background: var(--accent); border: 0; border-radius: 6px; cursor: pointer; }
  input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  a { color: var(--accent); }
  code { font-size: 0.9em; }
  .problem { border-left: 4px solid #c2361f; padding: 0.1rem 0 0.1rem 0.8rem; }
`;

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)} · Augury</title><style>${STYLE}</style></head>
<body><main>${body}</main></body></html>
`;
}

/** Where a key is pasted; `problem` says why the last try did not work. */
export function loginPage(problem: string | null): string {
  return page(
    'Sign in',
    `<h1>Sign in to Augury</h1>
${problem === null ? '' : `<p class="problem" role="alert">${escapeHtml(problem)}</p>`}
<p>Open the link that <code>npm start</code> printed, or paste an API key. The browser then stays
signed in for 12 hours.</p>
<form method="post" action="/login">
<label for="key">API key</label>
<input id="key" name="key" type="password" autocomplete="off" spellcheck="false" required placeholder="augury_…">
<button>Sign in</button>
</form>
<p>No key yet? On the machine of the server:<br>
<code>npm run augury -- keys create --role ANALYST --name "my laptop"</code></p>`,
  );
}

/** Asks before signing out: a link alone must not do it. */
export function logoutPage(): string {
  return page(
    'Sign out',
    `<h1>Sign out of Augury?</h1>
<form method="post" action="/logout"><button>Sign out</button></form>
<p><a href="/explorer">Back to the explorer</a></p>`,
  );
}

/** A page for a person who came to a place that does not exist or does not work. */
export function messagePage(title: string, text: string): string {
  return page(
    title,
    `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p><p><a href="/explorer">To the explorer</a></p>`,
  );
}
