import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import {
  readLocalServer,
  removeLocalServer,
  writeLocalServer,
} from '../../src/plant/local-server.js';

const startedAt = new Date('2026-01-02T03:04:05Z');
const url = 'http://127.0.0.1:4000';

function folder(): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-local-'));
  onTestFinished(() => fs.rmSync(made, { recursive: true }));
  return made;
}

it('finds the server that left word, in a file for its user only', async () => {
  const dataDir = path.join(folder(), 'new');
  const server = { url, pid: process.pid, startedAt };
  await writeLocalServer(dataDir, server);
  expect(await readLocalServer(dataDir)).toEqual(server);
  expect(fs.readdirSync(dataDir)).toEqual(['server.json']);
  expect(fs.statSync(path.join(dataDir, 'server.json')).mode & 0o777).toBe(0o600);
});

it('finds none in a folder without a file, or with a broken one', async () => {
  const dataDir = folder();
  expect(await readLocalServer(dataDir)).toBeNull();
  for (const text of ['', '{"url":', '{}', '{"url":"file:///etc","pid":1,"startedAt":"x"}']) {
    fs.writeFileSync(path.join(dataDir, 'server.json'), text);
    expect(await readLocalServer(dataDir)).toBeNull();
  }
});

it('takes a dead server for none', async () => {
  const dataDir = folder();
  await writeLocalServer(dataDir, { url, pid: spawnSync('true').pid, startedAt });
  expect(await readLocalServer(dataDir)).toBeNull();
});

it.runIf(process.platform === 'linux')(
  'takes another process that got the same number for none',
  async () => {
    const dataDir = folder();
    const child = spawn('sleep', ['60']);
    onTestFinished(() => void child.kill());
    await writeLocalServer(dataDir, { url, pid: child.pid ?? 0, startedAt });
    expect(await readLocalServer(dataDir)).not.toBeNull();
    const file = path.join(dataDir, 'server.json');
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(/:\d+"\}/, ':1"}'));
    expect(await readLocalServer(dataDir)).toBeNull();
  },
);

it('removes its own word only', async () => {
  const dataDir = folder();
  await writeLocalServer(dataDir, { url, pid: process.pid, startedAt });
  await removeLocalServer(dataDir, process.pid + 1);
  expect(await readLocalServer(dataDir)).not.toBeNull();
  await removeLocalServer(dataDir, process.pid);
  await removeLocalServer(dataDir, process.pid);
  expect(fs.readdirSync(dataDir)).toEqual([]);
});
