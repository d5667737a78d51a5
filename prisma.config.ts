// Generation only needs the engine path to exist; nothing is downloaded. /bin/false rather than
// /bin/true: with the latter `prisma migrate` would exit 0 having done nothing.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= '/bin/false';
import { defineConfig } from 'prisma/config';

export default defineConfig({
  schema: 'prisma/schema',
  migrations: { path: 'prisma/migrations' },
});
