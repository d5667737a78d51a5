// Builds into dist/ when a source is newer than the last build: prisma generate, then tsc.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildExplorer } from './build-explorer.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

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

/** A first build takes a while: somebody who waits is told, on stderr, that it is no hang. */
function tell(what) {
  process.stderr.write(`building: ${what} …\n`);
}

/**
 * What is compiled: the program alone, without checking its types (what `npm start` waits for), or
 * everything, tests included, with them checked (what a developer and the tests ask for).
 */
const SCOPES = {
  program: { config: 'tsconfig.program.json', folders: ['src', 'jobs', 'prisma'] },
  everything: { config: 'tsconfig.json', folders: ['src', 'jobs', 'prisma', 'test'] },
};

const stampOf = (scope) => path.join(root, 'dist', `.built-${scope}`);

function upToDate(scope) {
  const { config, folders } = SCOPES[scope];
  const stamp = stampOf(scope);
  if (!fs.existsSync(stamp)) return false;
  const time = Math.max(
    ...folders
      .map((folder) => path.join(root, folder))
      .filter((folder) => fs.existsSync(folder))
      .map((folder) => newest(folder)),
    fs.statSync(path.join(root, config)).mtimeMs,
    fs.statSync(path.join(root, 'tsconfig.json')).mtimeMs,
  );
  return fs.statSync(stamp).mtimeMs >= time;
}

/** Generates and compiles what is out of date; exits with 1 and the compiler's words if it cannot. */
export async function build(scope) {
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
  if (upToDate(scope)) return;
  tell(
    scope === 'program' ? 'program, once after every change of the source' : 'program and tests',
  );
  run('typescript/bin/tsc', ['-p', SCOPES[scope].config]);
  fs.writeFileSync(stampOf('program'), '');
  if (scope === 'everything') fs.writeFileSync(stampOf(scope), '');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build('everything');
