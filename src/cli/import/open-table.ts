import fs from 'node:fs';
import path from 'node:path';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';
import { AppError } from '../../kernel/error.js';
import { openCsv, type Table } from './csv-reader.js';
import { openNdjson } from './ndjson-reader.js';
import { openParquet } from './parquet-reader.js';

export type FileFormat = 'csv' | 'ndjson' | 'parquet';

export interface OpenOptions {
  /** null: told from the content and the name. */
  format: FileFormat | null;
  /** null: the most likely of , ; tab and |. */
  delimiter: string | null;
  /** A WHATWG label such as utf-8, windows-1252, utf-16le. */
  encoding: string;
}

/** A table over a file, with the share of it read so far, 0..1. */
export interface OpenedTable extends Table {
  format: FileFormat;
  share(): number;
  close(): void;
}

/**
 * Opens CSV or NDJSON, gzipped or not, or Parquet; which one is told by the content, not only by the name.
 * @throws AppError INVALID (missing, a folder, empty, another kind of file) in one sentence
 */
export async function openTable(file: string, options: OpenOptions): Promise<OpenedTable> {
  const size = sizeOf(file);
  const head = readHead(file);
  if (head.subarray(0, 4).toString('latin1') === 'PAR1' || options.format === 'parquet') {
    let share = 0;
    const table = await openParquet(file, (done, total) => {
      share = total === 0 ? 1 : done / total;
    });
    return { ...table, format: 'parquet', share: () => share, close: () => undefined };
  }
  refuseBinary(file, head);
  const zipped = head[0] === 0x1f && head[1] === 0x8b;
  // small pieces: while the rows of one are mapped, nothing is fed to the database
  const raw = fs.createReadStream(file, { highWaterMark: 1 << 16 });
  const chunks = decode(raw, zipped, file, options.encoding);
  const first = await chunks.next();
  const text = first.done === true ? '' : first.value;
  const close = (): void => {
    raw.destroy();
  };
  try {
    if (text.trim() === '' && first.done === true)
      throw new AppError('INVALID', `${file} is empty`);
    const stream = prepend(text, chunks);
    const format = options.format ?? formatOf(file, text);
    const opened = format === 'ndjson' ? openNdjson(stream) : openCsv(stream, options.delimiter);
    return {
      ...(await opened),
      format,
      share: () => Math.min(1, raw.bytesRead / size),
      close,
    };
  } catch (error) {
    close();
    if (!(error instanceof AppError) || error.message.startsWith(file)) throw error;
    throw new AppError(error.code, `${file}: ${error.message}`, { cause: error });
  }
}

function sizeOf(file: string): number {
  let stat: fs.Stats;
  try {
    stat = fs.statSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError(
      'INVALID',
      code === 'ENOENT'
        ? `there is no file ${file}`
        : `${file} cannot be opened (${code ?? String(cause)})`,
      { cause },
    );
  }
  if (!stat.isFile())
    throw new AppError(
      'INVALID',
      `${file} is ${stat.isDirectory() ? 'a folder' : 'no regular file'}: give one file (it is read from its start)`,
    );
  if (stat.size === 0) throw new AppError('INVALID', `${file} is empty`);
  return stat.size;
}

function readHead(file: string): Buffer {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, 'r');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError('INVALID', `${file} cannot be read (${code ?? String(cause)})`, { cause });
  }
  try {
    const head = Buffer.alloc(4096);
    return head.subarray(0, fs.readSync(descriptor, head, 0, head.length, 0));
  } finally {
    fs.closeSync(descriptor);
  }
}

function refuseBinary(file: string, head: Buffer): void {
  const start = head.subarray(0, 4).toString('latin1');
  const advice = 'save it as CSV, JSON lines or Parquet';
  if (start === 'PK\u0003\u0004')
    throw new AppError('INVALID', `${file} is a ZIP archive or an Excel workbook: ${advice}`);
  if (start === '\u00d0\u00cf\u0011\u00e0')
    throw new AppError('INVALID', `${file} is an old Office document: ${advice}`);
  const utf16 = start.startsWith('\u00ff\u00fe') || start.startsWith('\u00fe\u00ff');
  const zipped = head[0] === 0x1f && head[1] === 0x8b;
  if (!utf16 && !zipped && head.includes(0))
    throw new AppError('INVALID', `${file} is a binary file of an unknown kind: ${advice}`);
}

/** Text of a file, its byte order mark taken off; a mark of UTF-16 wins over `encoding`. */
async function* decode(
  raw: fs.ReadStream,
  zipped: boolean,
  file: string,
  encoding: string,
): AsyncGenerator<string, void> {
  const stream = zipped ? raw.pipe(createGunzip()) : raw;
  if (zipped) raw.once('error', (error) => stream.destroy(error));
  let decoder: TextDecoder | null = null;
  let read = false;
  try {
    for await (const chunk of stream) {
      const bytes = chunk as Buffer;
      decoder ??= decoderFor(bytes, encoding, zipped, file);
      read = true;
      const text = decoder.decode(bytes, { stream: true });
      if (text !== '') yield text;
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new AppError(
      'INVALID',
      zipped && read
        ? `${file} is a damaged or cut off gzip file (${message}): what stood before is imported; repair it and import again`
        : `${file} cannot be read: ${message}`,
      { cause },
    );
  }
  const rest = decoder?.decode() ?? '';
  if (rest !== '') yield rest;
}

function decoderFor(bytes: Buffer, encoding: string, zipped: boolean, file: string): TextDecoder {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be');
  if (zipped) {
    if (bytes.subarray(0, 4).toString('latin1') === 'PAR1')
      throw new AppError('INVALID', `${file} is a Parquet file inside gzip: unpack it first`);
    if (bytes.subarray(257, 262).toString('latin1') === 'ustar')
      throw new AppError('INVALID', `${file} is a tar archive: unpack it and import its files`);
    refuseBinary(file, bytes.subarray(0, 4096));
  }
  try {
    return new TextDecoder(encoding);
  } catch (cause) {
    throw new AppError(
      'INVALID',
      `there is no encoding "${encoding}": give utf-8, windows-1252, utf-16le or another WHATWG label`,
      { cause },
    );
  }
}

async function* prepend(
  first: string,
  rest: AsyncGenerator<string, void>,
): AsyncGenerator<string, void> {
  yield first;
  yield* rest;
}

function formatOf(file: string, text: string): FileFormat {
  const name = path.basename(file).replace(/\.gz$/i, '').toLowerCase();
  const start = text.trimStart();
  if (start.startsWith('[') && name.endsWith('.json'))
    throw new AppError(
      'INVALID',
      `${file} is one JSON array: write one object a line (jq -c '.[]' does it)`,
    );
  if (/\.(ndjson|jsonl|json)$/.test(name)) return 'ndjson';
  return start.startsWith('{"') || /^\{\s*\}?"?/.test(start) ? 'ndjson' : 'csv';
}
