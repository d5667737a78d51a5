import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { applyMigrations } from '../../prisma/migrate.js';
import { compose, type Composition } from '../../src/compose.js';
import { openPopulation } from '../../src/demo/population.js';
import { systemClock } from '../../src/kernel/clock.js';
import { readConfig } from '../../src/plant/env.js';
import { openInstallation } from '../../src/plant/installation.js';
import { createLog } from '../../src/plant/log.js';
import { projectRoot } from '../../src/plant/paths.js';
import { startServer } from '../../src/server.js';

/** A whole server in this process, on a private database with the demo population in it. */
export interface BenchGraph {
  /** Of the graph. */
  url: string;
  /** Of an ADMIN. */
  key: string;
  databaseUrl: string;
  composition: Composition;
  /** Stops everything and removes the database. */
  close(): Promise<void>;
}

async function fill(composition: Composition): Promise<void> {
  const population = openPopulation({ end: new Date('2026-06-01T00:00:00Z') });
  const customers = Array.from({ length: population.users }, (_, i) => population.one(i));
  await composition.demo.upsertUsers(customers.map(({ user }) => user));
  await composition.demo.upsertDevices?.(customers.flatMap(({ devices }) => devices));
  await composition.demo.recordTickets?.(customers.flatMap(({ tickets }) => tickets));
  const events = customers.flatMap((customer) => customer.events);
  for (let i = 0; i < events.length; i += 10_000)
    await composition.demo.recordEvents(events.slice(i, i + 10_000));
}

/** Opens it, fills it (with the demo population, unless told otherwise), and has Postgres look at its tables. */
export async function openBenchGraph(
  filling: (composition: Composition) => Promise<void> = fill,
): Promise<BenchGraph> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-bench-'));
  fs.chmodSync(folder, 0o755);
  const config = readConfig({
    AUGURY_DATA_DIR: path.join(folder, 'data'),
    AUGURY_LOG_LEVEL: 'error',
  });
  const log = createLog(config);
  const installation = await openInstallation(config);
  await applyMigrations(installation.databaseUrl);
  const clock = systemClock();
  const { databaseUrl } = installation;
  const composition = await compose({ databaseUrl, redisUrl: null, config, log, clock });
  await composition.prepare(path.join(projectRoot, 'models'));
  await filling(composition);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('vacuum analyze');
  await client.end();
  const server = await startServer({
    ...composition.door,
    config: { host: '127.0.0.1', port: 0, allowedOrigins: [] },
    clock,
    log,
    explorerFolder: path.join(projectRoot, 'dist', 'explorer'),
  });
  const { key } = await composition.access.createKey({
    role: 'ADMIN',
    name: 'bench',
    createdBy: 'bench',
  });
  return {
    url: `${server.url}/graphql`,
    key,
    databaseUrl,
    composition,
    close: async () => {
      await server.close();
      await composition.close();
      await installation.stop();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
