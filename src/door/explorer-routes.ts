import fs from 'node:fs/promises';
import path from 'node:path';
import { createHash } from 'node:crypto';
import type { Exchange } from './http.js';
import { reply, replyJson } from './http.js';
import { EXAMPLE_OPERATIONS } from './example-operations.js';
import { replyPage } from './login-routes.js';
import type { ServerOptions } from './options.js';
import { messagePage } from './pages.js';

/** `/explorer` and what lies below it. */
export interface ExplorerRoutes {
  handle(exchange: Exchange): Promise<void>;
}

/** One file in memory, in every encoding that was built. */
interface Asset {
  type: string;
  etag: string;
  /** The name holds the hash of the content: caches may keep it for ever. */
  immutable: boolean;
  bodies: { encoding: 'br' | 'gzip' | 'identity'; body: Buffer }[];
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.ico': 'image/x-icon',
};

// Monaco writes style elements and starts workers; nothing comes from anywhere else.
const EXPLORER_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** Serves the folder that bin/build-explorer.mjs wrote; read on first use and kept (about 3 MB packed). */
export function explorerRoutes(options: ServerOptions): ExplorerRoutes {
  const assets = new Map<string, Promise<Asset | null>>();
  const examples = {
    operations: options.exampleOperations ?? EXAMPLE_OPERATIONS,
  };

  const load = async (name: string): Promise<Asset | null> => {
    const type = TYPES[path.extname(name)];
    if (type === undefined || !/^[\w.-]+$/.test(name)) return null;
    const file = path.join(options.explorerFolder, name);
    const plain = await fs.readFile(file).catch(() => null);
    if (plain === null) return null;
    const [brotli, gzip] = await Promise.all(
      ['.br', '.gz'].map((suffix) => fs.readFile(file + suffix).catch(() => null)),
    );
    const hash = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
    const bodies: Asset['bodies'] = [];
    if (brotli) bodies.push({ encoding: 'br', body: brotli });
    if (gzip) bodies.push({ encoding: 'gzip', body: gzip });
    bodies.push({ encoding: 'identity', body: plain });
    return { type, etag: `"${hash}"`, immutable: /\.[0-9a-f]{16}\./.test(name), bodies };
  };

  const asset = (name: string): Promise<Asset | null> => {
    const before = assets.get(name);
    if (before) return before;
    const loading = load(name);
    // a name that is no file must not fill the memory
    void loading.then((found) => {
      if (found === null) assets.delete(name);
    });
    assets.set(name, loading);
    return loading;
  };

  return {
    async handle(exchange) {
      const { request, url } = exchange;
      const name = url.pathname.replace(/^\/explorer\/?/, '');
      if (name === 'examples.json') {
        const now = options.clock.now().toISOString();
        replyJson(exchange, 200, { ...examples, now });
        return;
      }
      if (name === 'schema.json') {
        replyJson(exchange, 200, { version: options.schema.version() });
        return;
      }
      const found = await asset(name === '' ? 'index.html' : name);
      if (!found) {
        const text =
          name === ''
            ? 'The explorer was not built: run "npm run build" and start again.'
            : `There is no ${url.pathname} here.`;
        replyPage(exchange, 404, messagePage('Not found', text));
        return;
      }
      const headers = {
        'content-type': found.type,
        'content-security-policy': EXPLORER_POLICY,
        etag: found.etag,
        vary: 'accept-encoding',
        'cache-control': found.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      };
      if (request.headers['if-none-match'] === found.etag) {
        reply(exchange, 304, headers, '');
        return;
      }
      const accepted = request.headers['accept-encoding'] ?? '';
      const chosen =
        found.bodies.find(({ encoding }) => accepted.includes(encoding)) ?? found.bodies.at(-1);
      if (!chosen) return;
      reply(
        exchange,
        200,
        chosen.encoding === 'identity'
          ? headers
          : { ...headers, 'content-encoding': chosen.encoding },
        chosen.body,
      );
    },
  };
}
