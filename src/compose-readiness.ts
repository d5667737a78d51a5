import fs from 'node:fs';
import path from 'node:path';
import type { Plant } from './compose-models.js';
import type { ReadinessCheck } from './door/options.js';
import { QUEUE_OF_KIND } from './job/job.messages.js';
import { projectRoot } from './plant/paths.js';

/** What a process needs to do its work, looked at now: each with its reason when it is not there. */
export function readinessOf({
  db,
  scorer,
  queues,
}: Pick<Plant, 'db' | 'scorer' | 'queues'>): () => Promise<ReadinessCheck[]> {
  const shipped = shippedMigrations();
  return () =>
    Promise.all([
      check('database', async () => {
        await db.query('select 1');
        return 'answers';
      }),
      check('migrations', async () => {
        const rows = await db.query<{ name: string }>(
          `select migration_name as name from _prisma_migrations
           where finished_at is not null and rolled_back_at is null`,
        );
        const applied = new Set(rows.map(({ name }) => name));
        const missing = shipped.filter((name) => !applied.has(name));
        if (missing.length > 0)
          throw new Error(
            `${missing.length} of ${shipped.length} are not applied, the first is ${missing[0] ?? ''}`,
          );
        return `all ${shipped.length} are applied`;
      }),
      check('queue', async () => {
        const { waiting, active } = await queues.depth(QUEUE_OF_KIND.SCORE);
        return `${waiting} waiting, ${active} active`;
      }),
      check('scorer', () => {
        const { workers, provider } = scorer.stats();
        if (workers === 0) throw new Error('no scorer thread is up');
        return Promise.resolve(`${workers} threads on ${provider}`);
      }),
    ]);
}

async function check(name: string, ask: () => Promise<string>): Promise<ReadinessCheck> {
  try {
    return { name, ok: true, detail: await ask() };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

function shippedMigrations(): string[] {
  const folder = path.join(projectRoot, 'prisma', 'migrations');
  return fs
    .readdirSync(folder)
    .filter((name) => fs.existsSync(path.join(folder, name, 'migration.sql')))
    .sort();
}
