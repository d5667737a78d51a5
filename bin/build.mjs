// Builds into dist/ when a source is newer than the last build: prisma generate, then tsc.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildExplorer } from './build-explorer.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const stampFile = path.join(root, 'dist', '.built');

function newest(folder, skip = new Set()) {
  let time = 0;
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (skip.has(full)) continue;
    time = Math.max(time, entry.isDirectory() ? newest(full, skip) : fs.statSync(full).mtimeMs);
  }
  return time;
}

function run(file, args) {
  const result = spawnSync(process.execPath, [path.join(root, 'node_modules', file), ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/false' },
  });
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout}${result.stderr}\n${file} failed\n`);
    process.exit(1);
  }
}

/** A first build takes half a minute: somebody who waits is told, on stderr, that it is no hang. */
function tell(what) {
  process.stderr.write(`building: ${what} …\n`);
}

/** Generates and compiles what is out of date; exits with 1 and the compiler's words if it cannot. */
export async function build() {
  const client = path.join(root, 'prisma', 'client');
  const clientFile = path.join(client, 'client.ts');
  const schemaTime = newest(path.join(root, 'prisma', 'schema'));
  const lockTime = fs.statSync(path.join(root, 'package.json')).mtimeMs;
  if (
    !fs.existsSync(clientFile) ||
    fs.statSync(clientFile).mtimeMs < Math.max(schemaTime, lockTime)
  ) {
    tell('database client');
    run('prisma/build/index.js', ['generate']);
  }
  await buildExplorer(path.join(root, 'dist', 'explorer'));
  const sources = ['src', 'jobs', 'prisma', 'test'].map((folder) => path.join(root, folder));
  const time = Math.max(
    ...sources.filter((folder) => fs.existsSync(folder)).map((folder) => newest(folder)),
    fs.statSync(path.join(root, 'tsconfig.json')).mtimeMs,
  );
  if (fs.existsSync(stampFile) && fs.statSync(stampFile).mtimeMs >= time) return;
  tell('program, once after every change of the source; about half a minute');
  run('typescript/bin/tsc', ['-p', 'tsconfig.json']);
  fs.writeFileSync(stampFile, '');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
