import fs from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError } from '../kernel/error.js';
import type { Tombstone } from './erasure.js';

const line = z.object({
  id: z.uuid(),
  salt: z.string().min(1),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  erasedAt: z.iso.datetime(),
});

/** The tombstones outside the database, where a restore of the database does not reach. */
export interface TombstoneFile {
  readonly file: string;
  /** On the disk when it resolves. */
  append(tombstones: readonly Tombstone[]): Promise<void>;
  /** All of them; none when there is no file. @throws AppError INVALID naming the first line that is none */
  read(): Promise<Tombstone[]>;
}

/** NDJSON, mode 0600, appended and synced. A last line that a crash cut off is passed over. */
export function tombstoneFile(file: string): TombstoneFile {
  return {
    file,
    async append(tombstones) {
      if (tombstones.length === 0) return;
      await fs.mkdir(path.dirname(file), { recursive: true });
      const handle = await fs.open(file, 'a', 0o600);
      try {
        const lines = tombstones.map((each) => `${JSON.stringify(each)}\n`).join('');
        const { size } = await handle.stat();
        await handle.appendFile(size > 0 && !(await endsLine(file, size)) ? `\n${lines}` : lines);
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    async read() {
      let text: string;
      try {
        text = await fs.readFile(file, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
      return parseTombstones(text, file);
    },
  };
}

async function endsLine(file: string, size: number): Promise<boolean> {
  const handle = await fs.open(file, 'r');
  try {
    const last = Buffer.alloc(1);
    await handle.read(last, 0, 1, size - 1);
    return last.toString() === '\n';
  } finally {
    await handle.close();
  }
}

/**
 * The lines of a file of tombstones. A line that a crash cut off has no closing brace, and its erasure was not
 * acknowledged by this file.
 * @throws AppError INVALID naming file and line
 */
export function parseTombstones(text: string, file: string): Tombstone[] {
  return text.split('\n').flatMap((each, index) => {
    if (each.trim() === '' || !each.trimEnd().endsWith('}')) return [];
    const parsed = line.safeParse(jsonOf(each));
    if (!parsed.success)
      throw new AppError('INVALID', `${file}, line ${index + 1} is no tombstone`);
    return [{ ...parsed.data, erasedAt: new Date(parsed.data.erasedAt) }];
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
