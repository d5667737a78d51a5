import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildExplorer } from '../../bin/build-explorer.mjs';
import type { ExampleOperation } from '../../src/door/examples/example.js';
import { type BrowserPage, hasBrowser, openPage } from '../support/browser.js';
import { type DoorTest, KEY, startDoor, until } from '../support/door.js';

const example = (name: string, document: string, variables = {}): ExampleOperation => ({
  name,
  title: `Title of ${name}`,
  purpose: `Purpose of ${name}.`,
  document,
  variables,
  needs: 'CRM',
});
const exampleOperations = [
  example('Echo', '# a comment\nquery Echo($text: String!) {\n  echo(text: $text)\n}\n', {
    text: '{{customer}}',
  }),
  example('WhoAmI', 'query WhoAmI {\n  viewer {\n    name\n    role\n  }\n}\n'),
  example('Follow', 'subscription Follow {\n  event {\n    text\n  }\n}\n'),
];

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-explorer-'));
let door: DoorTest;
beforeAll(async () => {
  await buildExplorer(folder);
  door = await startDoor({ explorerFolder: folder, exampleOperations });
});
afterAll(async () => {
  await door.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

describe('the files of the explorer', () => {
  const get = (place: string, headers: Record<string, string> = {}) =>
    fetch(`${door.server.url}${place}`, { headers });

  it('are packed as the browser asks, kept for ever by name, and asked for again by etag', async () => {
    const page = await (await get('/explorer')).text();
    const script = /data-graphiql="([^"]+)"/.exec(page)?.[1] ?? '';
    const packed = await get(script, { 'accept-encoding': 'gzip' });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    expect(Number(packed.headers.get('content-length'))).toBeLessThan(1_600_000);
    expect(packed.headers.get('cache-control')).toContain('immutable');
    expect((await packed.text()).length).toBeGreaterThan(5_000_000);
    const brotli = await get(script, { 'accept-encoding': 'gzip, br' });
    expect(brotli.headers.get('content-encoding')).toBe('br');
    await brotli.body?.cancel();
    const again = await get('/explorer', {
      'if-none-match': (await get('/explorer')).headers.get('etag') ?? '',
    });
    expect(again.status).toBe(304);
  });

  it('are nothing but themselves: no other file of the machine', async () => {
    for (const place of [
      '/explorer/../package.json',
      '/explorer/%2e%2e%2fpackage.json',
      '/explorer/.built',
      '/explorer/none.js',
    ])
      expect((await get(place)).status, place).toBe(404);
  });

  it('name no other host', () => {
    for (const name of [
      'index.html',
      ...fs.readdirSync(folder).filter((file) => /^explorer\..*\.(js|css)$/.test(file)),
    ])
      expect(fs.readFileSync(path.join(folder, name), 'utf8'), name).not.toMatch(/https?:\/\//);
  });

  it('are built once', async () => {
    const before = fs.statSync(path.join(folder, 'index.html')).mtimeMs;
    await buildExplorer(folder);
    expect(fs.statSync(path.join(folder, 'index.html')).mtimeMs).toBe(before);
  });
});

describe.skipIf(!hasBrowser('the explorer in a browser'))(
  'the explorer in a browser without a network',
  () => {
    let opened: BrowserPage;
    let page: Page;
    let complaints: string[];
    let elsewhere: string[];
    let shot: BrowserPage['shot'];

    beforeAll(async () => {
      opened = await openPage(door.server.url);
      ({ page, complaints, elsewhere, shot } = opened);
    }, 60_000);
    afterAll(() => opened.browser.close());

    const answer = (): Promise<string> => page.locator('.result-window').innerText();
    it('sends a stranger to the login page, and a link that was used there too', async () => {
      await page.goto(`${door.server.url}/`);
      await page.waitForURL('**/login');
      expect(await page.locator('h1').innerText()).toBe('Sign in to Augury');
      complaints.length = 0; // the 401 that sent us here
    });

    it('opens by a key that is pasted into the form', async () => {
      await page.locator('input[name=key]').fill(KEY);
      await page.locator('form button').click();
      await page.waitForSelector('.graphiql-tab');
      await page.goto(`${door.server.url}/healthz`); // what the explorer still asks must not be refused
      await page.context().clearCookies();
    }, 30_000);

    it('opens by the one-time link, with the examples as tabs and in a list', async () => {
      await page.goto(`${door.server.url}/login?key=one-time`);
      await page.waitForSelector('.graphiql-tab');
      expect(page.url()).toContain('/explorer');
      expect(await page.locator('#viewer').innerText()).toBe('Ada · ADMIN');
      expect(await page.locator('#examples b').allInnerTexts()).toEqual([
        'Title of Echo',
        'Title of WhoAmI',
        'Title of Follow',
      ]);
      expect(await page.locator('.graphiql-tab').count()).toBe(3);
      await shot('opened');
    }, 60_000);

    it('runs the first example with the customer filled in, and shows the counts', async () => {
      await page.locator('.graphiql-execute-button').click();
      await page.getByText('echo of customer-7').first().waitFor();
      expect(await answer()).toContain('"onnxRuns"');
      const box = await page.locator('.result-window').boundingBox();
      expect((box?.x ?? 0) + (box?.width ?? 1e9)).toBeLessThanOrEqual(1_400);
      await shot('ran');
    }, 30_000);

    it('shows another example at a click and runs its subscription over WebSocket', async () => {
      await page.locator('#examples button', { hasText: 'Title of Follow' }).click();
      await page.getByText('subscription Follow').first().waitFor();
      await page.waitForTimeout(1_000); // GraphiQL learns the operation's name a moment after the tab
      await page.locator('.graphiql-execute-button').click();
      await until(() => door.subscribers() === 1, 15_000);
      door.publish({ text: 'an event arrived' });
      await page.getByText('an event arrived').first().waitFor();
      await shot('subscribed');
    }, 30_000);

    it('opens an example again whose tab was closed', async () => {
      const tab = page.locator('.graphiql-tab', { hasText: 'Echo' });
      await tab.hover();
      await tab.locator('.graphiql-tab-close').click();
      await page.waitForTimeout(1_000); // it remembers its tabs a moment later
      await page.locator('#examples button', { hasText: 'Title of Echo' }).click();
      await page.waitForURL(/explorer$/);
      await page.locator('.graphiql-tab', { hasText: 'Echo' }).waitFor();
      expect(await page.locator('.graphiql-tab').count()).toBe(3);
      await page.getByText('echo(text').first().waitFor();
    }, 30_000);

    it('knows the graph: the documentation names the types', async () => {
      await page.getByLabel('Show Documentation Explorer').click();
      await page.getByText('Root Types').first().waitFor();
      await shot('documentation');
    }, 30_000);

    it('broke no policy of its page and asked no other host', () => {
      expect(complaints).toEqual([]);
      expect(elsewhere).toEqual([]);
    });
  },
);
