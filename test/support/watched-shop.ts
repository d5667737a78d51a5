import { auditStore } from '../../src/access/audit.store.js';
import { composeIngest } from '../../src/compose-data.js';
import { featureStore } from '../../src/feature/feature.store.js';
import { registerAttributeFeatures } from '../../src/feature/register-attribute-features.js';
import { registerFeature } from '../../src/feature/register-feature.js';
import { DAY_MS, type Clock } from '../../src/kernel/clock.js';
import { seededRandom } from '../../src/kernel/random.js';
import { modelStore } from '../../src/model/model.store.js';
import { projectRoot } from '../../src/plant/paths.js';
import { addVersion, plainLogistic } from './added-version.js';
import type { TestDatabase } from './database.js';
import { fillShop } from './demo-shop.js';
import { outcomeSpec } from './drift-lab.js';
import { openGraph } from './graph.js';

/**
 * The demo with a model `lab` whose customers of the last days differ from those that it can learn from, and two more
 * versions of the shipped model: by the first, the risk of a customer grows with every event.
 */
export async function fillWatchedShop(
  { db, url }: TestDatabase,
  clock: Clock,
): Promise<{ versions: string[] }> {
  await fillShop(db, clock, 60);
  const store = featureStore(db, auditStore);
  const register = registerFeature({
    registry: () => store.all(),
    insert: (...row) => store.insert(...row),
    wall: () => clock.wall(),
  });
  await registerAttributeFeatures({ registry: () => store.all(), register })(
    ['top', 'idle'].map((name) => ({ name, type: 'numerical', distinct: 2, rows: 100 })),
    'test',
  );
  const spec = outcomeSpec({ features: { tags: null, include: ['top', 'idle'], exclude: [] } });
  await modelStore(db, clock, auditStore).ensure(spec);
  const graph = await openGraph(url, clock);
  await graph.prepare(`${projectRoot}/models`);
  await fillLab(db, clock, (document, variables) => graph.ask(document, variables));
  await graph.close();
  const versions = [
    await addVersion(db, plainLogistic(['event_count_30d'], [0.05], -4), 0.5),
    await addVersion(db, plainLogistic(['event_count_30d'], [0.02], -1), 0.4),
  ];
  return { versions };
}

async function fillLab(
  db: TestDatabase['db'],
  clock: Clock,
  ask: (document: string, variables: Record<string, unknown>) => Promise<unknown>,
): Promise<void> {
  const random = seededRandom(9);
  const now = clock.now().getTime();
  const customers = (prefix: string, count: number, daysAgo: number, moved: number) =>
    Array.from({ length: count }, (_, i) => ({
      externalId: `${prefix}-${i}`,
      registeredAt: new Date(now - daysAgo * DAY_MS),
      attributes: { top: random.normal() + moved, idle: random.normal() },
    }));
  const learnt = customers('trained', 300, 20, 0);
  await composeIngest(db, clock).upsertUsers([...learnt, ...customers('new', 100, 2, 2)]);
  const outcomes = learnt.map(({ externalId, attributes }) => ({
    ...{ user: externalId, model: 'lab', positive: attributes.top + 0.3 * random.normal() > 0 },
    at: new Date(now - 10 * DAY_MS).toISOString(),
  }));
  await ask(
    'mutation ($outcomes: [OutcomeInput!]!) { recordOutcomes(outcomes: $outcomes) { accepted } }',
    { outcomes },
  );
}
