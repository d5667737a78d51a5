/** Where a private PostgreSQL may live and as whom: it refuses to run as root. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../kernel/error.js';
import { reasonOf } from './connection.js';
import type { PostgresBinaries } from './postgres-binaries.js';

/** The user of a child process; empty = the own one. */
export interface Owner {
  uid?: number;
  gid?: number;
}

export interface Place {
  /** The data directory, perhaps elsewhere than asked for. */
  dir: string;
  owner: Owner;
  binaries: PostgresBinaries;
}

/** Where data and programs go when root starts from a folder that only root may enter. */
export const SHELTER = '/var/lib/augury';

/** Names, beside a data directory that had to move, the directory that is used instead. */
const pointerOf = (dir: string): string => `${dir}.location`;

/**
 * Decides where the data of `asked` lie and who runs the server.
 *
 * As an ordinary user: there, as oneself. As root: as the owner of existing data, else as `nobody`. A
 * project below a folder that only root may enter (such as /root) cannot be used by `nobody`: then
 * the data go to a folder of their own below `shelter`, named in `<asked>.location`, and the
 * programs are copied there too.
 * @throws AppError CONFIGURATION when the data belong to somebody else or nothing can be written
 */
export function placeOf(asked: string, binaries: PostgresBinaries, shelter = SHELTER): Place {
  if (process.getuid === undefined) return { dir: asked, owner: {}, binaries };
  if (process.getuid() !== 0) {
    refuseForeignData(asked, process.getuid());
    makeFolder(path.dirname(asked));
    return { dir: asked, owner: {}, binaries };
  }
  const dir = readPointer(asked) ?? asked;
  const owner = ownerOf(dir);
  makeFolder(path.dirname(dir));
  const place = {
    dir: dir === asked && !mayEnter(path.dirname(dir), owner) ? move(asked, shelter) : dir,
    owner,
    binaries: mayRun(binaries.postgres, owner) ? binaries : copyBinaries(binaries, shelter),
  };
  if (!mayEnter(path.dirname(place.dir), owner))
    throw new AppError(
      'CONFIGURATION',
      `user ${owner.uid} cannot enter ${path.dirname(place.dir)}, where PostgreSQL (which never runs as root) would keep its data: open it with "chmod a+x", or choose another --data-dir`,
    );
  return place;
}

function refuseForeignData(dir: string, uid: number): void {
  let owner: number;
  try {
    owner = fs.statSync(dir).uid;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && fs.existsSync(pointerOf(dir))) {
      const target = fs.readFileSync(pointerOf(dir), 'utf8').trim();
      throw new AppError(
        'CONFIGURATION',
        `the data of ${dir} lie in ${target} and belong to another user: start as root again, or choose another --data-dir`,
      );
    }
    if (code === 'ENOENT') return;
    throw new AppError('CONFIGURATION', `${dir} cannot be read (${reasonOf(error)})`, {
      cause: error,
    });
  }
  if (owner !== uid)
    throw new AppError(
      'CONFIGURATION',
      `${dir} belongs to user ${owner}, this program runs as user ${uid}: start it as before${owner === nobody()?.uid ? ' (as root)' : ''}, or choose another --data-dir`,
    );
}

function nobody(): Required<Owner> | null {
  try {
    const id = (flag: string): number =>
      Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8', stdio: 'pipe' }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return null;
  }
}

function ownerOf(dir: string): Required<Owner> {
  if (fs.existsSync(path.join(dir, 'PG_VERSION'))) {
    const { uid, gid } = fs.statSync(dir);
    if (uid !== 0) return { uid, gid };
  }
  const owner = nobody();
  if (owner) return owner;
  throw new AppError(
    'CONFIGURATION',
    'PostgreSQL does not run as root, and there is no user "nobody" to run it: start as an ordinary user, or set DATABASE_URL',
  );
}

/** Parents that this program makes can be entered by the server's user, whatever the umask is. */
function makeFolder(folder: string): void {
  try {
    const first = fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
    if (first === undefined) return;
    for (let made = folder; made.startsWith(first); made = path.dirname(made))
      fs.chmodSync(made, 0o755);
  } catch (cause) {
    throw new AppError(
      'CONFIGURATION',
      `cannot make the folder ${folder} (${reasonOf(cause)}): choose another with --data-dir`,
      { cause },
    );
  }
}

/** Asks the kernel as that user, so that modes, groups and access lists all count. */
function mayEnter(folder: string, owner: Required<Owner>): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...owner, cwd: '/' }).status === 0;
}

function mayRun(program: string, owner: Required<Owner>): boolean {
  return spawnSync(program, ['--version'], { ...owner, cwd: '/' }).status === 0;
}

function readPointer(asked: string): string | null {
  if (fs.existsSync(path.join(asked, 'PG_VERSION'))) return null;
  try {
    return fs.readFileSync(pointerOf(asked), 'utf8').trim() || null;
  } catch {
    return null;
  }
}

/** A folder of its own each time: who deletes the pointer wants to start afresh. */
function move(asked: string, shelter: string): string {
  if (fs.existsSync(path.join(asked, 'PG_VERSION'))) return asked;
  const name = path.basename(path.dirname(path.dirname(asked))).replace(/[^\w.-]/g, '_');
  const folder = path.join(shelter, `${name}-${randomBytes(4).toString('hex')}`);
  const dir = path.join(folder, 'pg');
  try {
    fs.writeFileSync(pointerOf(asked), `${dir}\n`, { flag: 'wx' });
  } catch (error) {
    const theirs = readPointer(asked); // another start was faster
    if (theirs === null) throw error;
    makeFolder(path.dirname(theirs));
    return theirs;
  }
  makeFolder(folder);
  fs.writeFileSync(path.join(folder, 'for.txt'), `${asked}\n`);
  return dir;
}

function copyBinaries(binaries: PostgresBinaries, shelter: string): PostgresBinaries {
  const folder = path.join(shelter, `postgresql-${binaries.version}`);
  if (!fs.existsSync(folder)) {
    makeFolder(shelter);
    const half = `${folder}.${process.pid}`;
    fs.rmSync(half, { recursive: true, force: true });
    fs.cpSync(binaries.folder, half, { recursive: true, verbatimSymlinks: true });
    openToAll(half);
    try {
      fs.renameSync(half, folder);
    } catch (error) {
      fs.rmSync(half, { recursive: true, force: true });
      if (!fs.existsSync(folder)) throw error; // else another start was faster
    }
  }
  const inCopy = (file: string): string => path.join(folder, path.relative(binaries.folder, file));
  return {
    ...binaries,
    folder,
    initdb: inCopy(binaries.initdb),
    postgres: inCopy(binaries.postgres),
  };
}

function openToAll(folder: string): void {
  fs.chmodSync(folder, 0o755);
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) openToAll(full);
    else if (entry.isFile()) fs.chmodSync(full, fs.statSync(full).mode & 0o100 ? 0o755 : 0o644);
  }
}
