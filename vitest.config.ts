import { defineConfig } from 'vitest/config';

export default defineConfig({
  // graphql 16 is a dual package: pin it to the CommonJS entry that Node itself picks, or the
  // libraries and our code hold two different "realms".
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    // the slow ones on real data have a command of their own: npm run test:real
    exclude: ['test/bench/**', ...(process.env['REAL'] === 'all' ? [] : ['test/real/**'])],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 2,
    globalSetup: ['test/support/global-postgres.ts'],
    reporters: ['default', './test/support/summary-reporter.ts'],
  },
});
