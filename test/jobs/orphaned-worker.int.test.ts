import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '../support/database.js';

const worker = path.resolve(import.meta.dirname, '../../dist/jobs/main.js');
const LONGEST_MS = 20_000;
let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Forks the worker from a process that kills itself after `lifeMs`; the worker's id. */
function orphan(lifeMs: number): Promise<number> {
  const script = `const { fork } = require('node:child_process');
    const child = fork(process.argv[1], [], { detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    process.stdout.write(String(child.pid));
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${lifeMs});`;
  const parent = spawn(process.execPath, ['-e', script, worker], {
    env: { ...process.env, DATABASE_URL: test.url },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return new Promise((resolve) => {
    let text = '';
    parent.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    parent.once('exit', () => resolve(Number(text)));
  });
}

describe('a worker whose parent is killed', () => {
  it.each([100, 600, 1200, 2500])(
    'ends by itself when that happens %i ms after its start',
    async (lifeMs) => {
      const pid = await orphan(lifeMs);
      expect(pid).toBeGreaterThan(0);
      for (let waited = 0; isAlive(pid) && waited < LONGEST_MS; waited += 100) await sleep(100);
      const survived = isAlive(pid);
      if (survived) process.kill(pid, 'SIGKILL');
      expect(survived).toBe(false);
    },
    LONGEST_MS + 10_000,
  );
});
