// Writes the explorer's static files: GraphiQL from @graphql-yoga/render-graphiql, cut into files of
// their own, and our shell around it (bin/explorer). Everything is packed once, here, and served as is.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { changedPage, changedWorker } from './explorer-patches.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const shell = path.join(here, 'explorer');
const require = createRequire(import.meta.url);
const brotli = promisify(zlib.brotliCompress);
const gzip = promisify(zlib.gzip);

const packageFolder = () =>
  path.join(path.dirname(require.resolve('@graphql-yoga/render-graphiql')), '..');

/** What the files depend on: the package's version, the shell's and this file's content. */
function stampOf(folder) {
  const hash = createHash('sha256');
  hash.update(fs.readFileSync(path.join(folder, 'package.json')));
  for (const name of ['build-explorer.mjs', 'explorer-patches.mjs'])
    hash.update(fs.readFileSync(path.join(here, name)));
  for (const name of fs.readdirSync(shell).sort())
    hash.update(fs.readFileSync(path.join(shell, name)));
  return hash.digest('hex');
}

async function write(outDir, name, text) {
  const bytes = Buffer.from(text);
  const [br, gz] = await Promise.all([
    brotli(bytes, {
      params: {
        // 11 packs a tenth better and takes twenty times as long
        [zlib.constants.BROTLI_PARAM_QUALITY]: 9,
        [zlib.constants.BROTLI_PARAM_LGWIN]: 24,
        [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
    gzip(bytes, { level: 9 }),
  ]);
  fs.writeFileSync(path.join(outDir, name), bytes);
  fs.writeFileSync(path.join(outDir, `${name}.br`), br);
  fs.writeFileSync(path.join(outDir, `${name}.gz`), gz);
}

/** Fills `outDir` (about 7 MB, 2 s); does nothing when it is up to date. */
export async function buildExplorer(outDir) {
  const folder = packageFolder();
  const stamp = stampOf(folder);
  const stampFile = path.join(outDir, '.built');
  if (fs.existsSync(stampFile) && fs.readFileSync(stampFile, 'utf8') === stamp) return;
  // past the package's exports, which name the whole page only
  const parts = await import(pathToFileURL(path.join(folder, 'esm', 'graphiql.js')).href);
  fs.rmSync(outDir, { recursive: true, force: true });
  fs.mkdirSync(outDir, { recursive: true });
  const files = {
    'graphiql.js': changedPage(parts.js),
    'graphiql.css': parts.css,
    'editor-worker.js': parts.editorWorkerService,
    'json-worker.js': parts.jsonWorker,
    'graphql-worker.js': changedWorker(parts.graphqlWorker),
    'explorer.js': fs.readFileSync(path.join(shell, 'explorer.js'), 'utf8'),
    'explorer.css': fs.readFileSync(path.join(shell, 'explorer.css'), 'utf8'),
  };
  let page = fs.readFileSync(path.join(shell, 'index.html'), 'utf8');
  const writing = [];
  for (const [name, text] of Object.entries(files)) {
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
    const hashed = name.replace(/\.(\w+)$/, `.${hash}.$1`);
    page = page.replaceAll(`{{${name}}}`, `/explorer/${hashed}`);
    writing.push(write(outDir, hashed, text));
  }
  await Promise.all([...writing, write(outDir, 'index.html', page)]);
  fs.writeFileSync(stampFile, stamp);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await buildExplorer(path.join(here, '..', 'dist', 'explorer'));
