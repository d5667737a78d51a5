/**
 * Prisma's own schema engine in its WebAssembly form over the pg adapter: apply, create, compare.
 * The native engine is a download; this one is a package.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import pg from 'pg';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import { projectRoot } from '../src/plant/paths.js';

const require = createRequire(import.meta.url);
const MIGRATIONS = path.join(projectRoot, 'prisma', 'migrations');
const SCHEMA = path.join(projectRoot, 'prisma', 'schema');
const filters = { externalTables: [], externalEnums: [] };

interface MigrationDirectory {
  path: string;
  migrationFile: { path: 'migration.sql'; content: { tag: 'ok'; value: string } };
}
interface MigrationsList {
  baseDir: string;
  shadowDbInitScript: string;
  lockfile: { path: string; content: string | null };
  migrationDirectories: MigrationDirectory[];
}
interface SchemaEngine {
  applyMigrations(input: object): Promise<{ appliedMigrationNames: string[] }>;
  diff(input: object): Promise<{ exitCode: number; stdout: string | null }>;
}

function migrationNames(): string[] {
  if (!fs.existsSync(MIGRATIONS)) return [];
  return fs
    .readdirSync(MIGRATIONS)
    .filter((name) => fs.existsSync(path.join(MIGRATIONS, name, 'migration.sql')))
    .sort();
}

function migrationsList(): MigrationsList {
  const lockfile = path.join(MIGRATIONS, 'migration_lock.toml');
  return {
    baseDir: MIGRATIONS,
    shadowDbInitScript: '',
    lockfile: {
      path: 'migration_lock.toml',
      content: fs.existsSync(lockfile) ? fs.readFileSync(lockfile, 'utf8') : null,
    },
    migrationDirectories: migrationNames().map((name) => ({
      path: name,
      migrationFile: {
        path: 'migration.sql',
        content: {
          tag: 'ok',
          value: fs.readFileSync(path.join(MIGRATIONS, name, 'migration.sql'), 'utf8'),
        },
      },
    })),
  };
}

function schemaFiles(): { path: string; content: string }[] {
  return fs
    .readdirSync(SCHEMA)
    .filter((name) => name.endsWith('.prisma'))
    .sort()
    .map((name) => ({ path: name, content: fs.readFileSync(path.join(SCHEMA, name), 'utf8') }));
}

interface Field {
  dataTypeID: number;
}
interface Adapter {
  performIO(query: unknown): Promise<{ fields: Field[] }>;
  queryRaw(query: unknown): Promise<{ columnTypes: number[] }>;
  executeScript(script: string): Promise<void>;
  underlyingDriver(): pg.Pool;
  onError(error: unknown): never;
  dispose(): Promise<void>;
}

const CHAR_OID = 18;
const TEXT_OID = 25;

/** Two corrections: catalogue type "char" is unknown to the adapter; scripts must run as one statement. */
function corrected(adapter: Adapter): Adapter {
  let characters: number[] = [];
  const performIO = adapter.performIO.bind(adapter);
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.performIO = async (query) => {
    const result = await performIO(query);
    characters = [];
    result.fields.forEach((field, index) => {
      if (field.dataTypeID !== CHAR_OID) return;
      characters.push(index);
      field.dataTypeID = TEXT_OID;
    });
    return result;
  };
  adapter.queryRaw = async (query) => {
    const result = await queryRaw(query);
    for (const index of characters) result.columnTypes[index] = ColumnTypeEnum.Character;
    return result;
  };
  // The adapter splits at every ';' (which breaks $$ bodies) and runs the pieces without a transaction.
  adapter.executeScript = async (script) => {
    try {
      await adapter.underlyingDriver().query(script);
    } catch (error) {
      adapter.onError(error);
    }
  };
  return adapter;
}

interface Glue {
  __wbg_set_wasm(exports: unknown): void;
  SchemaEngine: {
    new: (options: object, log: () => void, factory: unknown) => Promise<SchemaEngine>;
  };
}

let loading: Promise<Glue> | null = null;

/**
 * The engine's glue with its WebAssembly behind it. Once a process: the glue is itself a module with state
 * and keeps views of the first memory, so that a second instance would be read through the first one's.
 */
function loadGlue(): Promise<Glue> {
  loading ??= instantiate();
  return loading;
}

async function instantiate(): Promise<Glue> {
  const script = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const glue = (await import(script)) as Glue;
  const webAssembly = (
    globalThis as unknown as {
      WebAssembly: {
        instantiate(
          bytes: Uint8Array,
          imports: object,
        ): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
      };
    }
  ).WebAssembly;
  const { instance } = await webAssembly.instantiate(
    fs.readFileSync(script.replace(/\.js$/, '.wasm')),
    { './schema_engine_bg.js': glue },
  );
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue;
}

/** Loads the engine, hands it to `work` and closes every connection it opened (it never does so itself). */
async function withEngine<T>(url: string, work: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  const parsed = new URL(url);
  const config = {
    host: parsed.hostname,
    port: Number(parsed.port || 5432),
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database: decodeURIComponent(parsed.pathname.slice(1)),
    ...(parsed.searchParams.get('sslmode') === 'require' ? { ssl: true } : {}),
    options: '-c timezone=UTC',
  };
  const execute = async (sql: string): Promise<void> => {
    const client = new pg.Client(config);
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  const opened: Adapter[] = [];
  const connect = async (database: string): Promise<Adapter> => {
    const adapter = corrected(
      (await new PrismaPg({ ...config, database }).connect()) as unknown as Adapter,
    );
    if (database === config.database) opened.push(adapter);
    return adapter;
  };
  const main = new PrismaPg(config);
  const factory = {
    provider: main.provider,
    adapterName: main.adapterName,
    connect: () => connect(config.database),
    // Not PrismaPg's own: built from a connection string it hands back the main database.
    connectToShadowDb: async () => {
      const name = `shadow_${crypto.randomUUID().replaceAll('-', '')}`;
      await execute(`create database "${name}" template template0`);
      const adapter = await connect(name);
      const end = adapter.dispose.bind(adapter);
      adapter.dispose = async () => {
        await end();
        await execute(`drop database "${name}" with (force)`);
      };
      return adapter;
    },
  };
  const glue = await loadGlue();
  const engine = await glue.SchemaEngine.new(
    { datamodels: schemaFiles().map((file) => [file.path, file.content]) },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(factory as never),
  );
  try {
    return await work(engine);
  } finally {
    for (const adapter of opened) await adapter.dispose().catch(() => undefined);
  }
}

/** Names of the migrations that the database has not seen, oldest first. */
export async function pendingMigrations(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const { rows } = await client.query<{ migration_name: string }>(
      'select migration_name from _prisma_migrations where finished_at is not null and rolled_back_at is null',
    );
    const done = new Set(rows.map((row) => row.migration_name));
    return migrationNames().filter((name) => !done.has(name));
  } catch (error) {
    const UNDEFINED_TABLE = '42P01';
    if ((error as { code?: string }).code === UNDEFINED_TABLE) return migrationNames();
    throw error;
  } finally {
    await client.end();
  }
}

const MIGRATION_LOCK = 7_283_641;

/**
 * Applies what is missing; the engine (5 MB) is only loaded when something is. Of several processes that
 * start at once one applies, the others wait. Returns the names applied.
 */
export async function applyMigrations(url: string): Promise<string[]> {
  if ((await pendingMigrations(url)).length === 0) return [];
  const lock = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await lock.connect();
  try {
    await lock.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await applyUnderLock(url);
  } finally {
    await lock.end(); // and with it the lock
  }
}

async function applyUnderLock(url: string): Promise<string[]> {
  if ((await pendingMigrations(url)).length === 0) return [];
  return withEngine(url, async (engine) => {
    const applied = await engine.applyMigrations({ migrationsList: migrationsList(), filters });
    return applied.appliedMigrationNames;
  });
}

/** Writes a migration that takes the existing ones to prisma/schema; null when nothing is missing. */
export async function createMigration(
  url: string,
  name: string,
  now: Date,
): Promise<string | null> {
  const script = await migrationDrift(url);
  if (script === null) return null;
  const folder = `${now.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}_${name}`;
  fs.mkdirSync(path.join(MIGRATIONS, folder), { recursive: true });
  fs.writeFileSync(path.join(MIGRATIONS, folder, 'migration.sql'), script);
  return folder;
}

/** Null when the migrations produce exactly prisma/schema, else the missing SQL. */
export async function migrationDrift(url: string): Promise<string | null> {
  const result = await withEngine(url, (engine) =>
    engine.diff({
      from: { tag: 'migrations', ...migrationsList() },
      to: { tag: 'schemaDatamodel', files: schemaFiles() },
      script: true,
      exitCode: true,
      filters,
    }),
  );
  return result.exitCode === 0 ? null : result.stdout;
}
