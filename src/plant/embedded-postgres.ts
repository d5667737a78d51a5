import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { AppError } from '../kernel/error.js';
import { reasonOf } from './connection.js';
import { findPostgresBinaries } from './postgres-binaries.js';
import { isAlive, pause } from './processes.js';
import { placeOf, type Place } from './postgres-place.js';
import {
  clearDeadServer,
  runningPostmaster,
  stopPostmaster,
  type Postmaster,
} from './postmaster.js';

/** A private PostgreSQL: loopback only, scram with a generated password. */
export interface EmbeddedPostgres {
  /** Of the database `postgres`, as the owner of everything. */
  url: string;
  pid: number;
  /** True when a server that still ran on the directory was taken over. */
  reused: boolean;
  /** Where the data really lie. */
  dataDir: string;
  /** Stops the server, whoever else uses it. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Where the data go that cannot lie where they were asked for (root only). */
  shelter?: string | undefined;
  /** Loopback port to use; a free one is taken by default. */
  port?: number | undefined;
}

const MAJOR = '18';
const USER = 'augury';
/** Inside the data directory, so that data and password appear together or not at all. */
const PASSWORD_FILE = 'augury.password';
const ATTEMPTS = 3;
const START_MS = 120_000;

/**
 * Starts PostgreSQL 18 on `dataDir` (made when missing), or takes over one that still runs there. The
 * server outlives this process unless `stop` is called. A copy of the password lies in `passwordFile`,
 * mode 0600; the server's log beside the data, in `<dataDir>.log`. When root starts from a folder
 * that only root may enter, the data go below `options.shelter` (see postgres-place.ts).
 * @throws AppError CONFIGURATION when the directory belongs to another major version or user, or the
 * server does not start
 */
export async function startEmbeddedPostgres(
  dataDir: string,
  passwordFile: string,
  options: StartOptions = {},
): Promise<EmbeddedPostgres> {
  const place = placeOf(path.resolve(dataDir), await findPostgresBinaries(), options.shelter);
  if (fs.existsSync(path.join(place.dir, 'PG_VERSION'))) refuseOtherVersion(place.dir);
  else initialise(place);
  const password = readPassword(place.dir, passwordFile);
  const { server, reused } = await attachOrLaunch(place, options.port);
  return {
    url: `postgresql://${USER}:${password}@127.0.0.1:${server.port}/postgres`,
    pid: server.pid,
    reused,
    dataDir: place.dir,
    stop: () => stopPostmaster(place.dir, server.pid),
  };
}

function refuseOtherVersion(dir: string): void {
  const major = fs.readFileSync(path.join(dir, 'PG_VERSION'), 'utf8').trim();
  if (major === MAJOR) return;
  throw new AppError(
    'CONFIGURATION',
    `${dir} was made by PostgreSQL ${major}, this program brings ${MAJOR}: dump and reload it, or choose another --data-dir`,
  );
}

/** initdb into a sibling and one rename: a crash in between leaves nothing that looks complete. */
function initialise({ dir, owner, binaries }: Place): void {
  const half = `${dir}.new-${process.pid}`;
  removeHalves(dir);
  const passwordFile = path.join(path.dirname(half), `${path.basename(half)}.password`);
  try {
    if (fs.existsSync(dir) && fs.readdirSync(dir).length > 0)
      throw new AppError(
        'CONFIGURATION',
        `${dir} holds files but no PostgreSQL data: empty it, or choose another --data-dir`,
      );
    fs.mkdirSync(half, { mode: 0o700 });
    const password = randomBytes(24).toString('base64url');
    fs.writeFileSync(passwordFile, password, { mode: 0o600 });
    if (owner.uid !== undefined && owner.gid !== undefined)
      for (const file of [half, passwordFile]) fs.chownSync(file, owner.uid, owner.gid);
    const settings = ['-U', USER, '-E', 'UTF8', '--locale=C.UTF-8', '-A', 'scram-sha-256'];
    execFileSync(binaries.initdb, ['-D', half, ...settings, `--pwfile=${passwordFile}`], {
      ...owner,
      cwd: os.tmpdir(),
      stdio: 'pipe',
    });
    fs.renameSync(passwordFile, path.join(half, PASSWORD_FILE));
    renameUnlessThere(half, dir);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const stderr = (cause as { stderr?: Buffer }).stderr?.toString().trim();
    throw new AppError(
      'CONFIGURATION',
      `PostgreSQL cannot make its data directory ${dir} (${stderr || reasonOf(cause)}): choose another with --data-dir`,
      { cause },
    );
  } finally {
    for (const file of [half, passwordFile]) fs.rmSync(file, { recursive: true, force: true });
  }
}

/** What a killed initdb left; those of live processes are theirs. */
function removeHalves(dir: string): void {
  const prefix = `${path.basename(dir)}.new-`;
  for (const name of fs.readdirSync(path.dirname(dir))) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (pid !== process.pid && isAlive(pid)) continue;
    fs.rmSync(path.join(path.dirname(dir), name), { recursive: true, force: true });
  }
}

function renameUnlessThere(from: string, to: string): void {
  try {
    fs.renameSync(from, to);
  } catch (error) {
    // Two first starts at the same moment: the other one's data are used by both.
    if (!fs.existsSync(path.join(to, 'PG_VERSION'))) throw error;
  }
}

function readPassword(dir: string, copy: string): string {
  const inside = path.join(dir, PASSWORD_FILE);
  try {
    if (!fs.existsSync(inside)) return fs.readFileSync(copy, 'utf8').trim();
    const password = fs.readFileSync(inside, 'utf8').trim();
    fs.writeFileSync(copy, password, { mode: 0o600 });
    return password;
  } catch (cause) {
    throw new AppError(
      'CONFIGURATION',
      `the password of the private PostgreSQL cannot be read (${reasonOf(cause)}): start as the user who made ${dir}, or choose another --data-dir`,
      { cause },
    );
  }
}

async function attachOrLaunch(
  place: Place,
  port: number | undefined,
): Promise<{ server: Postmaster; reused: boolean }> {
  const logFile = `${place.dir}.log`;
  for (let attempt = 1; ; attempt += 1) {
    const running = await settled(place.dir);
    if (running) return { server: running, reused: true };
    await clearDeadServer(place.dir);
    const server = await launch(place, logFile, port ?? (await freePort()));
    if (server) return { server, reused: false };
    // The port was taken in between, or another start was faster: then it is attached to.
    if (attempt >= ATTEMPTS && !runningPostmaster(place.dir))
      throw new AppError(
        'CONFIGURATION',
        `PostgreSQL did not start on ${place.dir}: ${lastLines(logFile)} (more in ${logFile})`,
      );
  }
}

/** The running server once it accepts connections; null when there is none (any more). */
async function settled(dir: string): Promise<Postmaster | null> {
  const untilMs = performance.now() + START_MS;
  for (;;) {
    const running = runningPostmaster(dir);
    if (!running || running.status === 'ready') return running;
    if (performance.now() > untilMs)
      throw new AppError(
        'CONFIGURATION',
        `PostgreSQL (process ${running.pid}) is ${running.status} on ${dir} for more than ${START_MS / 1_000} s: see ${dir}.log`,
      );
    await pause(10);
  }
}

/** Starts a server; null when it exited before it was ready. */
async function launch(place: Place, logFile: string, port: number): Promise<Postmaster | null> {
  const { dir, owner, binaries } = place;
  const log = openLog(logFile);
  const settings = { ...SETTINGS, ...sharedMemory(), port: String(port) };
  const child = spawn(
    binaries.postgres,
    ['-D', dir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    // A group of its own: Ctrl-C must reach Node only, which stops the server last.
    { ...owner, cwd: os.tmpdir(), detached: true, stdio: ['ignore', log, log] },
  );
  fs.closeSync(log);
  child.unref();
  const life = { exited: false };
  child.once('exit', () => (life.exited = true));
  child.once('error', (error) => {
    fs.appendFileSync(logFile, `${error.message}\n`);
    life.exited = true;
  });
  while (!life.exited) {
    const running = runningPostmaster(dir);
    if (running?.pid === child.pid && running?.status === 'ready') return running;
    await pause(5);
  }
  return null;
}

/** Durable as PostgreSQL comes: what was acknowledged survives kill -9. Statements and values stay out of its log. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  timezone: 'UTC',
  log_timezone: 'UTC',
  max_connections: '200',
  jit: 'off',
  // reads after an import are twice as slow until its parts are vacuumed
  autovacuum_naptime: '10s',
  log_checkpoints: 'off',
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  // errors quote values; what stops or starts the server is of the level LOG or above
  log_min_messages: 'log',
  log_statement: 'none',
  log_min_duration_statement: '-1',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
};

const SMALL_SHM_BYTES = 256 * 1024 * 1024;

/** Containers often have 64 MB of /dev/shm, which parallel queries outgrow. */
function sharedMemory(): Record<string, string> {
  if (process.platform !== 'linux') return {};
  try {
    const { blocks, bsize } = fs.statfsSync('/dev/shm');
    return blocks * bsize < SMALL_SHM_BYTES ? { dynamic_shared_memory_type: 'sysv' } : {};
  } catch {
    return {};
  }
}

const LONGEST_LOG_BYTES = 1_000_000;

function openLog(file: string): number {
  try {
    if (fs.statSync(file).size > LONGEST_LOG_BYTES) fs.renameSync(file, `${file}.1`);
  } catch {
    // there is none yet
  }
  return fs.openSync(file, 'a', 0o600);
}

function lastLines(file: string): string {
  const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
  const told = lines.filter((line) =>
    /FATAL|PANIC|ERROR|cannot|could not|EACCES|ENOENT/.test(line),
  );
  return (told.length > 0 ? told : lines).slice(-2).join(' ');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new AppError('INTERNAL', 'no free port'));
      });
    });
  });
}
