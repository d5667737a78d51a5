import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!fs.existsSync(path.join(folder, 'prisma.config.ts'))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error('the project folder was not found above this file');
    folder = parent;
  }
  return folder;
}

/** The project's root: where `prisma/`, `models/` and `package.json` lie, from `src` and from `dist` alike. */
export const projectRoot: string = findRoot();

/**
 * The compiled file for a worker thread. Worker threads cannot load TypeScript, so a module that runs
 * from source (in tests) starts the worker of the last build.
 */
export function workerFile(importMetaUrl: string, relative: string): string {
  const file = fileURLToPath(new URL(relative, importMetaUrl));
  if (fs.existsSync(file)) return file;
  return path.join(projectRoot, 'dist', path.relative(projectRoot, file));
}
