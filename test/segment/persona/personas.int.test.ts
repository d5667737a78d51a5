import 'reflect-metadata';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditStore } from '../../../src/access/audit.store.js';
import { composePersonas } from '../../../src/compose-personas.js';
import { openPersonaLoaders, personaResolvers } from '../../../src/compose-persona-resolvers.js';
import { manualClock } from '../../../src/kernel/clock.js';
import { modelStore } from '../../../src/model/model.store.js';
import { projectRoot } from '../../../src/plant/paths.js';
import { parseSegmentationSpec } from '../../../src/segment/segmentation-spec.js';
import { segmentationStore } from '../../../src/segment/segmentation.store.js';
import { SegmentationResolver } from '../../../src/segment/segmentation.resolver.js';
import { SegmentResolver } from '../../../src/segment/segment.resolver.js';
import type { SegmentationModel, SegmentationReport } from '../../../src/segment/segmentation.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import type { Answer } from '../../support/graph.js';
import { roomGraph, type RoomGraph } from '../../support/room-graph.js';
import { DEMO_DIMENSIONS, demoCustomers, segmentsOf } from './populations.js';
import { reportOf } from './report.js';

const clock = manualClock(new Date('2026-07-01T12:00:00Z'));
const modelsFolder = path.join(projectRoot, 'models');
const never = () => Promise.reject(new Error('not part of this test'));

let database: TestDatabase;
let personas: ReturnType<typeof composePersonas>;
let graph: RoomGraph;
let model: SegmentationModel;
let report: SegmentationReport;

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  personas = composePersonas({ db, clock });
  const segmentations = segmentationStore(db, clock);
  const models = modelStore(db, clock, auditStore);
  const spec = fs.readFileSync(path.join(modelsFolder, 'persona', 'spec.json'), 'utf8');
  model = await segmentations.ensure(parseSegmentationSpec(JSON.parse(spec), 'spec.json'));
  report = reportOf(segmentsOf(demoCustomers(1_000), 5), DEMO_DIMENSIONS);
  const { id } = await models.registerVersion({
    modelId: model.id,
    algorithm: 'kmeans',
    hyperparameters: {},
    seed: 1,
    featureNames: [],
    threshold: null,
    trainingRows: report.rows,
    testRows: 0,
    dataFrom: null,
    dataUntil: null,
    dataHash: 'x',
    report: { segmentation: report },
    artifact: { sha256: 'a'.repeat(64), bytes: new Uint8Array(1), opset: 21 },
    trainedAt: clock.wall(),
    jobId: null,
  });
  await db.query(`update model_version set stage = 'PRODUCTION' where id = $1`, [id]);
  const loaders = openPersonaLoaders(personas);
  const liveSizes = () => Promise.resolve(new Map(report.segments.map(({ key }) => [key, 3])));
  graph = roomGraph(
    [
      new SegmentationResolver({
        segmentations,
        ensure: never,
        versionPage: models.versionPage,
        inStage: models.inStage,
        submitJob: never,
        featureRegistry: never,
        clock,
      }),
      new SegmentResolver({
        names: loaders.names,
        liveSizes,
        users: { page: never, count: never },
      }),
      ...personaResolvers({
        personas,
        loaders,
        liveSizes,
        segmentationByKey: segmentations.byKey,
        inStage: models.inStage,
      }),
    ],
    clock,
  );
  await personas.seedTexts(modelsFolder);
  await personas.nameSegments(model, report.segments);
});
afterAll(() => database.drop());

async function ask(
  source: string,
  variables = {},
  role: 'ADMIN' | 'CRM' = 'ADMIN',
): Promise<Answer> {
  const { data, errors } = await graph.ask(source, variables, role);
  expect(errors).toBeUndefined();
  return data;
}

const count = async (where = 'true'): Promise<number> => {
  const [row] = await database.db.query<{ n: number }>(
    `select count(*) as n from persona_text where ${where}`,
  );
  return row?.n ?? 0;
};
const trail = (action: string) =>
  database.db.query<{ actor: string; subject: string; detail: Record<string, unknown> }>(
    'select actor, subject, detail from audit_entry where action = $1 order by id',
    [action],
  );

const PERSONAS = `query ($locale: String) { segments { key name zh: name(locale: "zh-CN") fr: name(locale: "fr") size share
  profile { feature mean standardDeviation median overallMean index level scaled }
  radar { axis value }
  persona(locale: $locale) { locale value activity quadrant traits insights strategies goals labels { dimension label rule } } } }`;

describe('segments in the graph', () => {
  it('have personas in English and Chinese, in a number of statements that k does not change', async () => {
    const english = await graph.ask(PERSONAS, { locale: 'en' }, 'CRM');
    expect(english.errors).toBeUndefined();
    expect(english.counts.sql).toBeLessThanOrEqual(5);
    expect(english.data.segments).toHaveLength(5);
    expect(new Set(english.data.segments.map(({ name }: Answer) => name)).size).toBe(5);
    for (const { name, zh, fr } of english.data.segments)
      expect([fr === name, /[一-鿿]/.test(name), /[一-鿿]/.test(zh)]).toEqual([true, false, true]);
    const chinese = await ask(PERSONAS, { locale: 'zh-CN' });
    for (const [i, { persona, radar, profile }] of english.data.segments.entries()) {
      const twin = chinese.segments[i].persona;
      expect([persona.locale, twin.locale]).toEqual(['en', 'zh']);
      for (const kind of ['traits', 'insights', 'strategies', 'goals']) {
        expect(persona[kind].length).toBeGreaterThanOrEqual(1);
        expect(twin[kind]).toHaveLength(persona[kind].length);
        expect(twin[kind].join('')).toMatch(/[一-鿿]/);
      }
      expect(twin.labels.map(({ label }: Answer) => label)).toEqual(
        persona.labels.map(({ label }: Answer) => label),
      );
      expect(twin.labels[0].rule).toContain('平均百分位');
      expect(radar.at(-1)).toEqual(radar[0]);
      expect(profile.map(({ feature }: Answer) => feature)).toContain('age');
    }
  });

  it('say that a language without texts is answered in English', async () => {
    const { segments } = await ask(PERSONAS, { locale: 'fr' });
    expect(segments[0].persona.locale).toBe('en');
    expect(segments[0].persona.traits[0]).toMatch(/customers, .* of the base/);
  });

  it('are compared with everybody and with each other', async () => {
    const { segments } = await ask(`{ segments {
      key all: compare { to other { key } metrics { feature mean otherMean ratio direction } mixes { attribute values { value share otherShare } } }
      one: compare(to: SEGMENT, segment: "a") { other { key } metrics { feature otherMean direction } } } }`);
    const [a, b] = segments;
    expect(a.all).toMatchObject({ to: 'ALL', other: null });
    expect(a.all.metrics[0].otherMean).toBeCloseTo(report.segments[0]!.features[0]!.overallMean, 9);
    expect(a.all.mixes.map(({ attribute }: Answer) => attribute)).toEqual([
      'age',
      'gender',
      'cityTier',
    ]);
    expect(b.one.other.key).toBe('a');
    expect(b.one.metrics[0].otherMean).toBe(a.all.metrics[0].mean);
    expect(a.one.metrics.every(({ direction }: Answer) => direction === 'EQUAL')).toBe(true);
  });

  it.each([
    ['compare(to: SEGMENT) { to }', 'to: SEGMENT needs the key of a segment'],
    [
      'compare(to: SEGMENT, segment: "q") { to }',
      'no segment has the key q; there are a, b, c, d, e',
    ],
    ['compare(segment: "a") { to }', 'segment is for to: SEGMENT only, got a'],
  ])('refuse %s', async (field, message) => {
    const { errors } = await graph.ask(`{ segments { ${field} } }`);
    expect(errors?.[0]?.message).toBe(message);
  });

  it('lie on the priority matrix, one cell each, with the live sizes', async () => {
    const { segmentation, segments } =
      await ask(`{ segments { key name size share persona { quadrant } }
      segmentation { priorityMatrix { key name value activity size share quadrant segment { key } } } }`);
    expect(segmentation.priorityMatrix).toHaveLength(5);
    for (const [i, cell] of segmentation.priorityMatrix.entries()) {
      const { persona, ...segment } = segments[i];
      expect(cell).toMatchObject({ ...segment, ...persona, segment: { key: cell.key } });
      expect([1, 2, 3]).toContain(cell.value);
      expect(cell).toMatchObject({ size: 3, share: 0.2 });
    }
  });

  it('have a report in both languages', async () => {
    const { segmentation } = await ask(
      '{ segmentation { en: report zh: report(locale: "zh") fr: report(locale: "fr") } }',
    );
    expect(segmentation.en).toMatch(/^# Segments of persona, version 1\n/);
    expect(segmentation.zh).toMatch(/^# persona 分群报告（第 1 版）\n/);
    expect(segmentation.fr).toBe(segmentation.en);
  });
});

const RENAME = `mutation ($key: String!, $name: String!, $segmentation: String) {
  renameSegment(key: $key, name: $name, segmentation: $segmentation) { segment { key name } userErrors { code message path } } }`;

describe('names', () => {
  it('stay with the key over versions, and new keys get others', async () => {
    const before = await personas.names.ofModels([model.id]);
    const [first, second] = report.segments;
    const nextVersion = [
      { ...first!, key: 'b' },
      { ...second!, key: 'a' },
      { ...first!, key: 'f' },
    ];
    await Promise.all([1, 2, 3].map(() => personas.nameSegments(model, nextVersion)));
    const after = await personas.names.ofModels([model.id]);
    expect(after.filter(({ key }) => key !== 'f')).toEqual(before);
    expect(new Set(after.map(({ name }) => name)).size).toBe(6);
    // 'f' is in no version that ever answered: its name is free
    await personas.nameSegments(model, [...nextVersion.slice(0, 2), { ...first!, key: 'g' }]);
    const names = new Map(
      (await personas.names.ofModels([model.id])).map(({ key, name }) => [key, name]),
    );
    expect(names.get('g')).toBe(names.get('f'));
    await database.db.query(`delete from segment_name where key in ('f', 'g')`);
  });

  it('are given by people, kept, audited and the same in every language', async () => {
    const { renameSegment } = await ask(RENAME, { key: 'a', name: '  Our best ' });
    expect(renameSegment).toEqual({ segment: { key: 'a', name: 'Our best' }, userErrors: [] });
    await personas.nameSegments(model, report.segments);
    const { segmentation } = await ask('{ segmentation { report(locale: "zh") } }');
    expect(segmentation.report).toContain('## Our best\n');
    const [entry] = await trail('segment.renamed');
    expect(entry).toMatchObject({ actor: 'admin key', subject: 'SegmentName:persona/a' });
    expect(entry?.detail).toMatchObject({ to: 'Our best' });
  });

  it.each([
    [{ key: 'b', name: 'our BEST' }, 'CONFLICT', 'name'],
    [{ key: 'b', name: ' ' }, 'INVALID', 'name'],
    [{ key: 'b', name: 'x'.repeat(81) }, 'INVALID', 'name'],
    [{ key: 'q', name: 'Nobody' }, 'NOT_FOUND', 'key'],
    [{ key: 'a', name: 'Nobody', segmentation: 'q' }, 'NOT_FOUND', 'segmentation'],
  ])('%j is refused with %s', async (variables, code, field) => {
    const { renameSegment } = await ask(RENAME, variables);
    expect(renameSegment).toMatchObject({ segment: null, userErrors: [{ code, path: [field] }] });
  });

  it('are not for everybody to change', async () => {
    const { errors } = await graph.ask(RENAME, { key: 'a', name: 'Mine' }, 'CRM');
    expect(errors?.[0]?.message).toBe('role CRM may not segment:write');
  });

  it('are one of two when two people give the same at the same moment', async () => {
    const both = ['b', 'c'].map((key) => ask(RENAME, { key, name: 'Wanted by two' }));
    const codes = (await Promise.all(both)).map(
      ({ renameSegment }) => renameSegment.userErrors[0]?.code ?? null,
    );
    expect(codes.sort()).toEqual(['CONFLICT', null]);
  });
});

const WRITE = `mutation ($input: PersonaTextInput!) { upsertPersonaText(input: $input) {
  text { id kind locale key condition position text updatedBy } userErrors { code message path } } }`;
const DELETE = `mutation ($id: ID!) { deletePersonaText(id: $id) { deletedId userErrors { code path } } }`;
const LIST = `query ($locale: String) { personaTexts(locale: $locale) { id kind key locale text updatedBy } }`;

describe('texts', () => {
  it('are seeded once', async () => {
    const rows = await count();
    expect(rows).toBeGreaterThanOrEqual(100);
    expect(await personas.seedTexts(modelsFolder)).toBe(0);
    expect(await count()).toBe(rows);
  });

  it('are seeded once by processes that start at the same moment', async () => {
    const other = await testDatabase();
    const parts = [1, 2, 3].map(() => composePersonas({ db: other.db, clock }));
    const written = await Promise.all(parts.map(({ seedTexts }) => seedTexts(modelsFolder)));
    expect(written.filter((rows) => rows > 0)).toEqual([await count()]);
    await other.drop();
  });

  it('written by people speak at once, are audited, and survive a start', async () => {
    const input = {
      kind: 'TRAIT',
      locale: 'en',
      key: 'size',
      condition: {},
      position: 0,
      text: 'We count {size} of them.',
    };
    const { upsertPersonaText } = await ask(WRITE, { input });
    expect(upsertPersonaText).toMatchObject({
      text: { ...input, updatedBy: 'admin key' },
      userErrors: [],
    });
    await personas.seedTexts(modelsFolder);
    const { segments } = await ask(PERSONAS, { locale: 'en' });
    expect(segments[0].persona.traits[0]).toMatch(/^We count [\d,]+ of them\.$/);
    const [entry] = await trail('persona_text.written');
    expect(entry).toMatchObject({ actor: 'admin key', subject: upsertPersonaText.text.id });
    expect(entry?.detail).toMatchObject({
      old: { text: '{size} customers, {share} of the base.' },
    });
  });

  it('deleted by people do not come back with a start', async () => {
    const { personaTexts } = await ask(LIST, { locale: 'zh' });
    const victim = personaTexts.find(({ key }: Answer) => key === 'city');
    const { deletePersonaText } = await ask(DELETE, { id: victim.id });
    expect(deletePersonaText).toEqual({ deletedId: victim.id, userErrors: [] });
    await personas.seedTexts(modelsFolder);
    expect(await count(`key = 'city' and locale = 'zh'`)).toBe(0);
    expect(await count(`key = 'city' and locale = 'en'`)).toBe(1);
    expect(await trail('persona_text.deleted')).toHaveLength(1);
    const again = await ask(DELETE, { id: victim.id });
    expect(again.deletePersonaText.userErrors[0]).toEqual({ code: 'NOT_FOUND', path: ['id'] });
  });

  it('of a new release replace those that nobody edited, and no others', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-texts-'));
    fs.mkdirSync(path.join(folder, 'persona'));
    const row = (key: string) => ({
      kind: 'TRAIT',
      key,
      condition: {},
      position: 1,
      en: 'new',
      zh: '新',
    });
    fs.writeFileSync(
      path.join(folder, 'persona', 'texts.json'),
      JSON.stringify([row('size'), row('spend.high'), row('brand-new')]),
    );
    // size is edited in English: Chinese, and two languages of two others, are written
    expect(await personas.seedTexts(folder)).toBe(5);
    fs.rmSync(folder, { recursive: true });
    const { personaTexts } = await ask(LIST, { locale: 'en' });
    const textOf = (key: string) =>
      personaTexts.find((each: Answer) => each.key === key && each.kind === 'TRAIT').text;
    expect(textOf('size')).toBe('We count {size} of them.');
    expect([textOf('spend.high'), textOf('brand-new')]).toEqual(['new', 'new']);
  });

  it('in a language of their own are told in it, and what it has none of in English', async () => {
    const input = {
      ...{ kind: 'GOAL', locale: 'FR', key: 'but' },
      condition: { quadrant: ['KEEP', 'WATCH', 'RAISE_VALUE', 'RAISE_ACTIVITY'] },
      text: '{share} des clients.',
    };
    await ask(WRITE, { input });
    const french = (await ask(PERSONAS, { locale: 'fr-CA' })).segments[0].persona;
    const english = (await ask(PERSONAS, { locale: 'en' })).segments[0].persona;
    expect(french).toMatchObject({ locale: 'fr', traits: english.traits });
    expect(french.goals[0]).toMatch(/^[\d,]+\s?% des clients\.$/);
  });

  it('with a condition that no persona can have are refused, and the field is named', async () => {
    const input = {
      kind: 'GOAL',
      locale: 'en',
      key: 'k',
      condition: { spend: ['HUGE'] },
      text: 'a',
    };
    const { upsertPersonaText } = await ask(WRITE, { input });
    expect(upsertPersonaText.text).toBeNull();
    expect(upsertPersonaText.userErrors).toEqual([
      {
        code: 'INVALID',
        message: 'condition.spend.0: must be one or more of HIGH, MEDIUM, LOW',
        path: ['input', 'condition', 'spend', '0'],
      },
    ]);
  });

  it('are listed by language, all without one, none for what is no language', async () => {
    const all = (await ask(LIST, {}, 'CRM')).personaTexts;
    expect(all).toHaveLength(await count());
    expect((await ask(LIST, { locale: 'not a tag' })).personaTexts).toEqual([]);
    expect((await ask(LIST, { locale: 'zh' })).personaTexts).toHaveLength(
      await count(`locale = 'zh'`),
    );
  });

  it('are not for everybody to write', async () => {
    const input = { kind: 'GOAL', locale: 'en', key: 'k', condition: {}, text: 'a' };
    for (const [source, variables] of [
      [WRITE, { input }],
      [DELETE, { id: 'PersonaText:x' }],
    ] as const) {
      const { errors } = await graph.ask(source, variables, 'CRM');
      expect(errors?.[0]?.message).toBe('role CRM may not segment:write');
    }
  });
});
