import fs from 'node:fs';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Whether there is a browser; says aloud when there is none. */
export function hasBrowser(subject: string): boolean {
  const has = fs.existsSync(CHROMIUM);
  if (!has) console.warn(`SKIPPED: ${subject} (no ${CHROMIUM}; set CHROMIUM to one)`);
  return has;
}

/** A page of a browser that reaches this machine only. */
export interface BrowserPage {
  browser: Browser;
  page: Page;
  /** What the page complained of on its console. */
  complaints: string[];
  /** Requests to anything but `home`. */
  elsewhere: string[];
  /** A picture into the folder EXPLORER_PICTURES, where that is set. */
  shot(name: string): Promise<void>;
}

/** Opens a browser with one page; the caller closes the browser. */
export async function openPage(home: string): Promise<BrowserPage> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
  });
  const context = await browser.newContext({ viewport: { width: 1400, height: 850 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  const elsewhere: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!/^(?:data|blob):/.test(request.url()) && !request.url().startsWith(home))
      elsewhere.push(request.url());
  });
  return {
    browser,
    page,
    complaints,
    elsewhere,
    async shot(name) {
      const target = process.env['EXPLORER_PICTURES'];
      if (target !== undefined) await page.screenshot({ path: path.join(target, `${name}.png`) });
    },
  };
}
