import { afterAll, beforeAll, expect, it } from 'vitest';
import { withSegments } from '../../src/segment/segment-slices.store.js';
import { openSegmentLab, THREE, type SegmentLab } from '../support/segment-lab.js';

let lab: SegmentLab;

beforeAll(async () => {
  lab = await openSegmentLab(300);
  await lab.goLive(THREE);
  await lab.process().ask('{ users(first: 1000) { nodes { segment { probability } } } }');
});
afterAll(() => lab.close());

it('segments as a dimension of slices are those that customers are in now, by name, and nobody who opted out is in one', async () => {
  const { db } = lab.database;
  await db.query(
    `insert into segment_name (model_id, key, name, updated_at) values ($1, 'many', 'Regulars', now())`,
    [lab.modelId],
  );
  await db.query('update customer set consent_profiling = false where id % 10 = 3');
  const rows = await db.query<{ id: number; name: string | null }>(
    `select c.id, case m.segment_key when 'many' then 'Regulars' else m.segment_key end as name from customer c
     left join segment_membership m on m.user_id = c.id and m.until is null and c.consent_profiling order by c.id desc`,
  );
  const asked: string[][] = [];
  const attributesOf = withSegments(db, (ids, names) => {
    asked.push([...names]);
    return Promise.resolve(new Map(names.map((name) => [name, ids.map(() => 'x')])));
  });
  const ids = rows.map(({ id }) => id);
  const columns = await attributesOf([...ids, 999_999], ['segment:persona', 'gender']);
  const wanted = rows.map(({ name }) => name ?? '');
  expect(columns.get('segment:persona')).toEqual([...wanted, '']);
  expect(new Set(wanted)).toEqual(new Set(['', 'rare', 'some', 'Regulars']));
  // the others are asked of whoever knows attributes
  expect(asked).toEqual([['gender']]);
  expect(columns.get('gender')).toHaveLength(ids.length + 1);
  const colours = await attributesOf(ids, ['segment:colour']);
  expect(new Set(colours.get('segment:colour'))).toEqual(new Set(['']));
  expect(asked).toHaveLength(1);
});
