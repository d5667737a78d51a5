import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { projectRoot } from '../../src/plant/paths.js';

const bin = path.join(projectRoot, 'bin', 'augury.mjs');

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A folder of this test's own under the system's temporary folder; the postgres user can enter it. */
export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-e2e-'));
  fs.chmodSync(folder, 0o755);
  return folder;
}

/** The environment without settings of whoever runs the tests. */
export function cleanEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('AUGURY_') && !['DATABASE_URL', 'REDIS_URL'].includes(name),
  );
  return { ...(Object.fromEntries(kept) as Record<string, string>), NO_COLOR: '1', ...extra };
}

/** Runs one `augury` command to its end. */
export function augury(
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: options.cwd ?? projectRoot,
      env: cleanEnvironment(options.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** A running `augury start`. */
export interface RunningSystem {
  url: string;
  /** The one-time link that was printed. */
  link: string;
  dataDir: string;
  process: ChildProcess;
  /** Everything printed so far. */
  output(): string;
  /** Sends a signal and waits for the end; the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts the system and waits for its link. @throws with everything it printed when it ends before */
export function startSystem(
  dataDir: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<RunningSystem> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [bin, 'start', '--port', '0', '--data-dir', dataDir, ...args],
      { cwd: projectRoot, env: cleanEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
    const take = (chunk: Buffer): void => {
      output += chunk.toString();
      const link = /http:\/\/127\.0\.0\.1:\d+\/login\?\S+/.exec(output)?.[0];
      if (!link) return;
      resolve({
        url: new URL(link).origin,
        link,
        dataDir,
        process: child,
        output: () => output,
        end: async (signal) => {
          child.kill(signal);
          return ended;
        },
      });
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', reject);
    void ended.then((code) => reject(new Error(`augury start ended with ${code}:\n${output}`)));
  });
}

/** Processes whose command line names the folder; empty when nothing was left behind. */
export function processesNaming(folder: string): string[] {
  if (process.platform !== 'linux') return [];
  return fs
    .readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .flatMap((pid) => {
      try {
        if (/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))) return [];
        const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const environment = fs.readFileSync(`/proc/${pid}/environ`, 'utf8');
        return command.includes(folder) || environment.includes(`AUGURY_DATA_DIR=${folder}`)
          ? [`${pid} ${command}`]
          : [];
      } catch {
        return []; // ended meanwhile
      }
    });
}

/** An ADMIN key made by the command line. */
export async function createKey(
  dataDir: string,
  role: 'CRM' | 'ANALYST' | 'OPERATOR' | 'ADMIN' = 'ADMIN',
  env: Record<string, string> = {},
): Promise<string> {
  const made = await augury(
    [
      'keys',
      'create',
      '--role',
      role,
      '--name',
      `${role} of a test`,
      '--data-dir',
      dataDir,
      '--json',
    ],
    { env },
  );
  if (made.code !== 0) throw new Error(`keys create ended with ${made.code}: ${made.stderr}`);
  return (JSON.parse(made.stdout) as { key: string }).key;
}

export interface Answer {
  status: number;
  data: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- asserted field by field
  errors?: { message: string; path?: (string | number)[]; extensions: Record<string, unknown> }[];
  extensions: { counts: { sql: number; onnxRuns: number; onnxRows: number; milliseconds: number } };
}

/** One GraphQL operation over HTTP. */
export async function graphql(
  url: string,
  key: string | null,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key ? { authorization: `Bearer ${key}` } : {}),
    },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) };
}

/** Starts a worker of its own role and waits until it takes jobs. */
export async function startWorkerRole(
  dataDir: string,
  env: Record<string, string>,
): Promise<{ kill(signal: NodeJS.Signals): void; ended: Promise<number | null> }> {
  const child = spawn(process.execPath, [bin, 'start', '--role', 'worker', '--data-dir', dataDir], {
    cwd: projectRoot,
    env: cleanEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      output += chunk.toString();
      if (output.includes('the worker takes jobs')) resolve();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    void ended.then((code) =>
      reject(new Error(`the worker ended with ${String(code)}:\n${output}`)),
    );
  });
  return { kill: (signal) => child.kill(signal), ended };
}
