import fs from 'node:fs';
import zlib from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { sharedData } from './shared-data.js';

/** Columns of a gzipped file of the shared data folder, as texts by name; none where the folder is not there. */
export function csvColumns(name: string): Map<string, string[]> {
  const file = sharedData(name);
  if (!file) return new Map();
  const [names = [], ...rows] = parse(zlib.gunzipSync(fs.readFileSync(file)));
  return new Map(names.map((column, at) => [column, rows.map((row) => row[at] ?? '')]));
}
