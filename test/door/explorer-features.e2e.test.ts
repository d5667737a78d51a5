import 'reflect-metadata';
import path from 'node:path';
import { extendSchema, parse } from 'graphql';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildExplorer } from '../../bin/build-explorer.mjs';
import type { FeatureDefinition } from '../../src/feature/feature.js';
import type { FeatureField } from '../../src/feature/set/feature-set.js';
import { withFeatureFields } from '../../src/feature/set/with-feature-fields.js';
import { projectRoot } from '../../src/plant/paths.js';
import { type BrowserPage, hasBrowser, openPage } from '../support/browser.js';
import { type DoorTest, startDoor } from '../support/door.js';

// that of the build, which is made once: the explorer's own test makes one of its own
const folder = path.join(projectRoot, 'dist', 'explorer');
const exampleOperations = [
  {
    name: 'Features',
    title: 'Features',
    purpose: 'Features by name.',
    document: 'query Features {\n  set {\n    asOf\n    \n  }\n}\n',
    variables: {},
    needs: 'CRM' as const,
  },
];
let door: DoorTest;

const field = (name: string, deprecationReason: string | null = null): FeatureField => ({
  feature: {
    name,
    definition: { kind: 'events', aggregate: 'count' },
  } as unknown as FeatureDefinition,
  description: `What ${name} says. (NUMERICAL, in currency)`,
  deprecationReason,
});

/** Gives the door a FeatureSet with these fields. */
function serve(...fields: FeatureField[]): void {
  const types =
    'scalar DateTime type FeatureSet { asOf: DateTime } extend type Query { set: FeatureSet }';
  const base = extendSchema(door.base, parse(types));
  door.swap(withFeatureFields(base, fields), JSON.stringify(fields));
}

beforeAll(async () => {
  await buildExplorer(folder);
  door = await startDoor({ explorerFolder: folder, exampleOperations });
  serve(field('visits'));
});
afterAll(() => door.close());

it('the explorer is told the version of the schema, and answers carry it', async () => {
  const told = async (): Promise<unknown> =>
    (await fetch(`${door.server.url}/explorer/schema.json`)).json();
  const before = await told();
  serve(field('visits'), field('more'));
  expect(await told()).not.toEqual(before);
  serve(field('visits'));
  expect(await told()).toEqual(before);
});

describe.skipIf(!hasBrowser('features in the explorer'))('the explorer while features move', () => {
  let opened: BrowserPage;
  let page: Page;
  beforeAll(async () => {
    opened = await openPage(door.server.url);
    ({ page } = opened);
    await page.goto(`${door.server.url}/login?key=one-time`);
    await page.waitForSelector('.graphiql-query-editor .view-line');
  }, 60_000);
  afterAll(() => opened.browser.close());

  /** Suggestions in the set: the name, and whether it is struck through. */
  async function suggested(): Promise<Record<string, boolean>> {
    await page.keyboard.press('Escape');
    await page.locator('.graphiql-query-editor .view-line').nth(3).click();
    await page.keyboard.press('End');
    await page.keyboard.press('Control+Space');
    const rows = page.locator('.suggest-widget .monaco-list-row');
    await rows.first().waitFor({ timeout: 2_000 });
    const all = await rows.evaluateAll((found) =>
      found.map((row): [string, boolean] => [
        row.querySelector('.label-name')?.textContent ?? '',
        row.querySelector('.monaco-icon-label.deprecated') !== null,
      ]),
    );
    return Object.fromEntries(all.filter(([name]) => !['asOf', '__typename'].includes(name)));
  }
  const poll = () => expect.poll(suggested, { timeout: 15_000, interval: 300 });

  it('suggests what is approved', async () => {
    await poll().toEqual({ visits: false });
  }, 30_000);

  it('suggests a feature that is approved while the page is open', async () => {
    serve(field('visits'), field('spent_90d'));
    await poll().toEqual({ visits: false, spent_90d: false });
    await opened.shot('approved');
  }, 30_000);

  it('suggests a deprecated one last and struck through, and says why', async () => {
    serve(field('spent_90d', 'Take visits instead.'), field('visits'));
    await poll().toEqual({ visits: false, spent_90d: true });
    const names = await page.locator('.suggest-widget .label-name').allInnerTexts();
    expect(names.indexOf('spent_90d')).toBeGreaterThan(names.indexOf('visits'));
    await page.locator('.suggest-widget .monaco-list-row', { hasText: 'spent_90d' }).hover();
    for (let i = 0; i < names.indexOf('spent_90d'); i += 1) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Control+Space');
    await page.getByText('Take visits instead.').first().waitFor();
    await opened.shot('deprecated');
  }, 30_000);

  it('tells it in the documentation, too', async () => {
    await page.keyboard.press('Escape');
    await page.getByLabel('Show Documentation Explorer').click();
    await page
      .locator('.graphiql-doc-explorer')
      .getByText('Query', { exact: true })
      .first()
      .click();
    await page.locator('.graphiql-doc-explorer').getByText('FeatureSet').first().click();
    await page.getByText('Show Deprecated Fields').click();
    await page.getByText('Take visits instead.').first().waitFor();
    await opened.shot('documented');
  }, 30_000);

  it('has forgotten what is archived', async () => {
    serve(field('visits'));
    await poll().toEqual({ visits: false });
    await opened.shot('archived');
    expect(opened.complaints).toEqual([]);
  }, 30_000);
});
