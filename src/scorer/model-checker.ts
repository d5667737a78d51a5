import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { AppError } from '../kernel/error.js';
import { workerFile } from '../plant/paths.js';
import type { ExaminedModel, ModelFile } from './examine-model.js';

export interface CheckLimits {
  /** Of the process that looks at a file, in bytes; what it starts with is about 100 MB. */
  maxMemoryBytes: number;
  /** Wall time of one check. */
  maxSeconds: number;
}

/** What the process answers. */
export type CheckAnswer =
  { kind: 'taken'; model: ExaminedModel } | { kind: 'refused'; reason: string; known: boolean };

/** Looks at files from elsewhere, one at a time, each in a process of its own. */
export interface ModelChecker {
  /**
   * `examineModel` where it can do no harm.
   * @throws AppError INVALID with the reason of a refusal, crash, lack of memory and time included; UNAVAILABLE
   *   when too many wait already, or after `close`
   */
  check(file: ModelFile): Promise<ExaminedModel>;
  /** Ends a check under way and refuses those that wait. */
  close(): void;
}

const MOST_WAITING = 4;
/** How often the memory of the process is looked at, beside the limit that the system holds it to. */
const LOOK_EVERY_MS = 20;
const MEMORY_WORDS = /bad.?alloc|allocate memory|out of memory|Array buffer allocation/i;

/** Nothing is started before the first check. */
export function modelChecker(limits: CheckLimits): ModelChecker {
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let running: ChildProcess | null = null;
  let closed = false;
  const run = async (file: ModelFile): Promise<ExaminedModel> => {
    if (closed) throw new AppError('UNAVAILABLE', 'no more files are checked here');
    const child = startProcess(limits);
    running = child;
    try {
      return await outcome(child, file, limits);
    } finally {
      child.kill('SIGKILL');
      running = null;
    }
  };
  return {
    async check(file) {
      if (waiting > MOST_WAITING)
        throw new AppError('UNAVAILABLE', `${waiting} files are being checked; try again`);
      waiting++;
      const result = turn.then(() => run(file)).finally(() => waiting--);
      turn = result.catch(() => undefined);
      return result;
    },
    close() {
      closed = true;
      running?.kill('SIGKILL');
    },
  };
}

/** On Linux the system holds the process to its memory and time too, should this one not be there to do so. */
function startProcess({ maxMemoryBytes, maxSeconds }: CheckLimits): ChildProcess {
  const heapMb = Math.floor(maxMemoryBytes / 2 / 1_048_576);
  const node = [
    process.execPath,
    `--max-old-space-size=${heapMb}`,
    workerFile(import.meta.url, './check-model.process.js'),
  ];
  const limits = `ulimit -d ${Math.floor(maxMemoryBytes / 1024)}; ulimit -c 0; ulimit -t ${Math.ceil(maxSeconds * 2)}; exec "$@"`;
  const [command = '', ...args] =
    process.platform === 'linux' ? ['/bin/sh', '-c', limits, 'check', ...node] : node;
  return spawn(command, args, {
    env: {},
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
}

function outcome(
  child: ChildProcess,
  file: ModelFile,
  { maxMemoryBytes, maxSeconds }: CheckLimits,
): Promise<ExaminedModel> {
  const memory = `checking the file takes more than ${Math.floor(maxMemoryBytes / 1_048_576)} MiB of memory`;
  return new Promise((resolve, reject) => {
    const settle = (work: () => void): void => {
      clearTimeout(timer);
      clearInterval(watch);
      work();
    };
    const refuse = (reason: string): void => {
      settle(() => {
        reject(new AppError('INVALID', reason));
      });
    };
    const timer = setTimeout(() => {
      refuse(`checking the file takes longer than ${maxSeconds} s`);
    }, maxSeconds * 1000);
    const watch = setInterval(() => {
      if (residentBytes(child.pid) > maxMemoryBytes) refuse(memory);
    }, LOOK_EVERY_MS);
    child.once('message', (answer: CheckAnswer) => {
      if (answer.kind === 'taken')
        settle(() => {
          resolve(answer.model);
        });
      else if (MEMORY_WORDS.test(answer.reason)) refuse(memory);
      else refuse(answer.known ? answer.reason : `the check failed: ${answer.reason}`);
    });
    child.once('error', (cause) => {
      settle(() => {
        reject(new AppError('UNAVAILABLE', 'files cannot be checked here', { cause }));
      });
    });
    child.once('exit', (code, signal) => {
      // V8 aborts with 134 when its heap is full
      if (signal === 'SIGABRT' || code === 134) refuse(`${memory}, or crashes on it`);
      else refuse(`checking the file ends with ${signal ?? `code ${code}`}: it crashes on it`);
    });
    child.send(file, (error) => {
      if (error) refuse('checking the file ends before it begins');
    });
  });
}

/** Of a process; 0 where the system does not tell. */
function residentBytes(pid: number | undefined): number {
  if (process.platform !== 'linux' || pid === undefined) return 0;
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
