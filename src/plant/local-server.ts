import fs from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { isAlive } from './processes.js';

/** The server that runs on a data directory of this machine. */
export interface LocalServer {
  /** Its root, such as http://127.0.0.1:4000. */
  url: string;
  pid: number;
  startedAt: Date;
}

const fileOf = (dataDir: string): string => path.join(dataDir, 'server.json');

const schema = z.object({
  url: z.url({ protocol: /^https?$/ }),
  pid: z.int().positive(),
  startedAt: z.iso.datetime(),
  /** Tells the process from a later one with the same number. */
  identity: z.string().nullable(),
});

/** Leaves word of this server for the command line: `<dataDir>/server.json`, mode 0600. */
export async function writeLocalServer(dataDir: string, server: LocalServer): Promise<void> {
  const file = fileOf(dataDir);
  const identity = await identityOf(server.pid);
  await fs.mkdir(dataDir, { recursive: true });
  // Written beside and renamed: a reader never sees half a file.
  const half = `${file}.${server.pid}`;
  await fs.writeFile(half, `${JSON.stringify({ ...server, identity })}\n`, { mode: 0o600 });
  await fs.rename(half, file);
}

/** The server that runs on `dataDir`, or null: none was started, or it is dead and only its file is left. */
export async function readLocalServer(dataDir: string): Promise<LocalServer | null> {
  let text: string;
  try {
    text = await fs.readFile(fileOf(dataDir), 'utf8');
  } catch {
    return null;
  }
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) return null;
  const { url, pid, startedAt, identity } = parsed.data;
  if (!isAlive(pid) || (identity !== null && (await identityOf(pid)) !== identity)) return null;
  return { url, pid, startedAt: new Date(startedAt) };
}

/** Takes the file away if it still speaks of `pid`. */
export async function removeLocalServer(dataDir: string, pid: number): Promise<void> {
  const text = await fs.readFile(fileOf(dataDir), 'utf8').catch(() => '');
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success && parsed.data.pid === pid) await fs.rm(fileOf(dataDir), { force: true });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const START_TIME = 19; // of the fields after the program's name, which may hold spaces

/** Boot and start time of a process (Linux), or null where that cannot be known; a zombie has none. */
async function identityOf(pid: number): Promise<string | null> {
  try {
    const boot = await fs.readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const stat = await fs.readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : `${boot.trim()}:${fields[START_TIME] ?? ''}`;
  } catch {
    return null;
  }
}
