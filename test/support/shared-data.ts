import fs from 'node:fs';
import path from 'node:path';
import { projectRoot } from '../../src/plant/paths.js';

/**
 * A file of the shared data folder beside the project, or null. The data are public sets that are not
 * copied into the project; docs/real-data.md says where they come from.
 */
export function sharedData(name: string): string | null {
  const file = path.join(projectRoot, '..', 'shared', 'data', name);
  if (fs.existsSync(file)) return file;
  process.stderr.write(`SKIPPED: ../shared/data/${name} is not there\n`);
  return null;
}
