import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { isAlive, pause } from './processes.js';

/** What the running server wrote into postmaster.pid. */
export interface Postmaster {
  pid: number;
  port: number;
  /** `ready` accepts connections; `starting` may be recovering after a crash. */
  status: 'starting' | 'ready' | 'stopping';
}

/** The server that runs on `dir`, or null when none does, whatever a left-over pid file says. */
export function runningPostmaster(dir: string): Postmaster | null {
  let lines: string[];
  try {
    lines = fs.readFileSync(path.join(dir, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return null;
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isPostmaster(pid, dir)) return null;
  const word = (lines[7] ?? '').trim();
  const status = word === 'ready' || word === 'stopping' ? word : 'starting';
  return { pid, port: Number(lines[3]), status };
}

/**
 * Whether `pid` is a live PostgreSQL of `dir`. The pid in a left-over file may be a zombie (containers
 * without an init) or, after a restart of the machine, any other program.
 */
function isPostmaster(pid: number, dir: string): boolean {
  if (process.platform === 'linux') {
    try {
      if (/^\d+ \(.*\) [ZX]/s.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))) return false;
      return isPostgresOf(
        fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '),
        dir,
      );
    } catch {
      return false;
    }
  }
  if (!isAlive(pid)) return false;
  if (process.platform === 'win32') return true;
  try {
    const command = execFileSync('ps', ['-p', String(pid), '-o', 'stat=,command='], {
      encoding: 'utf8',
    });
    return !command.startsWith('Z') && isPostgresOf(command, dir);
  } catch {
    return false;
  }
}

const isPostgresOf = (command: string, dir: string): boolean =>
  command.includes('postgres') && command.includes(` -D ${dir} `);

/**
 * Makes the folder ready for a new server after one died: waits for processes that outlive their
 * postmaster, which PostgreSQL recognises by the pid file, and only then takes the file away.
 * Call it only when `runningPostmaster` says null.
 */
export async function clearDeadServer(dir: string): Promise<void> {
  const file = path.join(dir, 'postmaster.pid');
  if (!fs.existsSync(file)) return;
  const untilMs = performance.now() + 10_000;
  for (let orphans = processesIn(dir); orphans.length > 0; orphans = processesIn(dir)) {
    if (performance.now() > untilMs)
      throw new Error(`processes ${orphans.join(', ')} of a dead PostgreSQL still use ${dir}`);
    for (const pid of orphans) kill(pid, 'SIGQUIT');
    await pause(50);
  }
  // A zombie's pid still "exists" for PostgreSQL, and it would refuse to start.
  fs.rmSync(file, { force: true });
}

/** Live processes whose current folder is `dir`, which is every process of a server (Linux only). */
function processesIn(dir: string): number[] {
  if (process.platform !== 'linux') return [];
  const real = fs.realpathSync(dir);
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        if (fs.readlinkSync(`/proc/${name}/cwd`) !== real) return false;
        return fs.readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('postgres');
      } catch {
        return false;
      }
    })
    .map(Number);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it is gone already
  }
}

const FAST_MS = 60_000;
const IMMEDIATE_MS = 10_000;

/**
 * Stops the server of `dir` if it is `pid`: sessions are cut, what was committed is written. A server that
 * does not end within a minute is stopped at once and recovers at its next start.
 */
export async function stopPostmaster(dir: string, pid: number): Promise<void> {
  const signals = [
    { signal: 'SIGINT', waitMs: FAST_MS },
    { signal: 'SIGQUIT', waitMs: IMMEDIATE_MS },
  ] as const;
  for (const { signal, waitMs } of signals) {
    if (!isPostmaster(pid, dir)) return;
    kill(pid, signal);
    const untilMs = performance.now() + waitMs;
    while (isPostmaster(pid, dir) && performance.now() < untilMs) await pause(10);
  }
}
