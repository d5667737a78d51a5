import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from '../../src/plant/paths.js';

interface Cruise {
  modules: { source: string }[];
  summary: { violations: { rule: { name: string }; from: string; to: string }[] };
}

function cruise(): Cruise {
  const bin = path.join(projectRoot, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  let output: string;
  try {
    output = execFileSync(
      process.execPath,
      [bin, 'src', 'jobs', 'prisma/migrate.ts', '--output-type', 'json'],
      { cwd: projectRoot, encoding: 'utf8', maxBuffer: 64 << 20 },
    );
  } catch (error) {
    output = (error as { stdout: string }).stdout; // exits with the number of violations
  }
  return JSON.parse(output) as Cruise;
}

function sources(folder: string): string[] {
  return fs
    .readdirSync(path.join(projectRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.posix.join(folder, name.split(path.sep).join('/')));
}

it('no file imports to the right, in a circle, or a library outside its home, and the check saw every file', () => {
  const { modules, summary } = cruise();
  const seen = new Set(modules.map((module) => module.source));
  const missed = [...sources('src'), ...sources('jobs')].filter((file) => !seen.has(file));
  expect(missed).toEqual([]);
  expect(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual(
    [],
  );
}, 60_000);

it('no source file is longer than 400 lines', () => {
  const long = [...sources('src'), ...sources('jobs'), ...sources('test')].filter(
    (file) => fs.readFileSync(path.join(projectRoot, file), 'utf8').split('\n').length > 401,
  );
  expect(long).toEqual([]);
});

it('nothing below a composition root reads the wall clock or unseeded chance', () => {
  const roots =
    /^(src\/(main|compose[\w-]*|server)\.ts|src\/kernel\/clock\.ts|src\/plant\/log\.ts|src\/cli\/)/;
  const readers = [...sources('src'), ...sources('jobs')].filter(
    (file) =>
      !roots.test(file) &&
      /Date\.now\(|new Date\(\)|Math\.random/.test(
        fs.readFileSync(path.join(projectRoot, file), 'utf8'),
      ),
  );
  expect(readers).toEqual([]);
});

it('only plant/env.ts reads process.env', () => {
  const readers = [...sources('src'), ...sources('jobs')].filter(
    (file) =>
      file !== 'src/plant/env.ts' &&
      fs.readFileSync(path.join(projectRoot, file), 'utf8').includes('process.env'),
  );
  expect(readers).toEqual([]);
});
