import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditStore } from '../../../src/access/audit.store.js';
import { composePersonas } from '../../../src/compose-personas.js';
import { openPersonaLoaders } from '../../../src/compose-persona-resolvers.js';
import type { RequestContext } from '../../../src/graphql/context.js';
import { manualClock } from '../../../src/kernel/clock.js';
import { count, withCounts, zeroCounts } from '../../../src/kernel/count.js';
import { personaTextStore } from '../../../src/segment/persona/persona-text.store.js';
import {
  PERSONAS_MAX_AGE_MS,
  recentPersonas,
} from '../../../src/segment/persona/recent-personas.js';
import { segmentNameStore } from '../../../src/segment/persona/segment-name.store.js';
import { openSegmentLab, type SegmentLab } from '../../support/segment-lab.js';

let lab: SegmentLab;
const clock = manualClock(new Date('2026-07-01T12:00:00Z'));

beforeAll(async () => {
  lab = await openSegmentLab(1);
});
afterAll(() => lab.close());

const processOf = () => composePersonas({ db: lab.database.db, clock });
type Process = ReturnType<typeof processOf>;

async function textsOf({ recent }: Process): Promise<string[]> {
  return (await recent.ofLocales(['en'])).map(({ text }) => text);
}
async function namesOf({ recent }: Process): Promise<string[]> {
  return (await recent.ofModels([lab.modelId])).map(({ key, name }) => `${key} ${name}`);
}
const write = ({ texts }: Process, text: string) =>
  texts.upsert(
    { kind: 'TRAIT', locale: 'en', key: 'one', condition: {}, position: 1, text },
    'ada',
    10,
  );
const rename = ({ names }: Process, name: string) =>
  names.rename({ modelId: lab.modelId, segmentation: 'persona', key: 'few', name, by: 'ada' });
const given = (key: string, name: string) => () => new Map([[key, name]]);

describe('remembered names and texts', () => {
  it('show a change of their own process at once, and of another one within their greatest age', async () => {
    const [own, other] = [processOf(), processOf()];
    await own.names.add(lab.modelId, given('few', 'First'));
    expect([await namesOf(own), await textsOf(own)]).toEqual([['few First'], []]);
    expect([await namesOf(other), await textsOf(other)]).toEqual([['few First'], []]);
    const written = await write(own, 'Once.');
    await rename(own, 'Second');
    expect([await namesOf(own), await textsOf(own)]).toEqual([['few Second'], ['Once.']]);
    clock.advance(PERSONAS_MAX_AGE_MS - 1);
    expect([await namesOf(other), await textsOf(other)]).toEqual([['few First'], []]);
    clock.advance(1);
    expect([await namesOf(other), await textsOf(other)]).toEqual([['few Second'], ['Once.']]);
    await own.texts.remove(written?.id ?? '', 'ada');
    expect(await textsOf(own)).toEqual([]);
  });

  it('never keep what was read before a change of their own, even if that read ends later', async () => {
    const own = processOf();
    const early = textsOf(own);
    await write(own, 'Raced.');
    await early;
    expect(await textsOf(own)).toEqual(['Raced.']);
  });

  it('are read once for all who wait, on nobody’s account, and a failure is not kept', async () => {
    const { db } = lab.database;
    let reads = 0;
    const texts = personaTextStore(db, auditStore, clock);
    const { recent } = recentPersonas(
      {
        names: segmentNameStore(db, auditStore, clock),
        texts: {
          ...texts,
          ofLocales: (locales) => {
            reads += 1;
            count('sql');
            return reads === 1 ? Promise.reject(new Error('away')) : texts.ofLocales(locales);
          },
        },
      },
      () => 0,
    );
    await expect(recent.ofLocales(['en'])).rejects.toThrow('away');
    const counts = zeroCounts();
    await withCounts(counts, () =>
      Promise.all([1, 2, 3].map(() => recent.ofLocales(['zh-CN', 'zh', 'en']))),
    );
    expect([reads, counts.sql]).toEqual([2, 0]);
  });

  it('never lack the name of a live segment that another process has just given', async () => {
    const [own, other] = [processOf(), processOf()];
    const context = (): RequestContext => ({ loaderKey: {} }) as RequestContext;
    const { names } = openPersonaLoaders(own, () => ['few', 'new']);
    await namesOf(own);
    await other.names.add(lab.modelId, given('new', 'Brand new'));
    expect((await namesOf(own)).join()).not.toContain('new');
    expect((await names(context(), lab.modelId)).get('new')).toBe('Brand new');
  });
});
