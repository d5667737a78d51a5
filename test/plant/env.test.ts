import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AppError } from '../../src/kernel/error.js';
import { envExample, loadEnvironment, readConfig, unknownVariables } from '../../src/plant/env.js';
import { projectRoot } from '../../src/plant/paths.js';

function problemsOf(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect(error.code).toBe('CONFIGURATION');
    return error.message.split('\n').map((line) => line.trim());
  }
  throw new Error('nothing was wrong');
}

describe('readConfig', () => {
  it('needs nothing: every setting has a default', () => {
    const config = readConfig({}, {}, true);
    expect(config).toMatchObject({
      port: 4000,
      host: '127.0.0.1',
      dataDir: path.resolve('.augury'),
      databaseUrl: null,
      redisUrl: null,
      role: 'all',
      demo: true,
      now: null,
      provider: 'cpu',
      scorerWorkers: 1,
      allowedOrigins: [],
      maxBodyBytes: 16_777_216,
      logLevel: 'info',
      logFormat: 'pretty',
      key: null,
    });
    expect(readConfig({}, {}, false).logFormat).toBe('json');
  });

  it('lets the command line win over the environment; an empty variable is not set', () => {
    const environment = { AUGURY_PORT: '5000', AUGURY_ROLE: 'worker', AUGURY_HOST: '' };
    expect(readConfig(environment, { port: '6000', demo: false, role: undefined })).toMatchObject({
      port: 6000,
      role: 'worker',
      host: '127.0.0.1',
      demo: false,
    });
  });

  it('reads instants, flags and lists', () => {
    const config = readConfig({
      AUGURY_NOW: '1997-10-01',
      AUGURY_DEMO: 'no',
      AUGURY_ALLOWED_ORIGINS: 'https://a.example.com/, http://b:3000',
    });
    expect(config.now).toEqual(new Date('1997-10-01T00:00:00Z'));
    expect(config.demo).toBe(false);
    expect(config.allowedOrigins).toEqual(['https://a.example.com', 'http://b:3000']);
  });

  it('reports every problem at once: the name, the bound and the value', () => {
    const problems = problemsOf(() =>
      readConfig(
        {
          AUGURY_PORT: 'tcp://10.0.0.1:4000',
          AUGURY_SCORER_WORKERS: '17',
          AUGURY_PROVIDER: 'tpu',
          AUGURY_NOW: '1997-10-01T00:00:00',
          AUGURY_ALLOWED_ORIGINS: 'crm.example.com',
          REDIS_URL: 'localhost:6379',
        },
        { dataDir: '' },
      ),
    );
    expect(problems).toEqual([
      '7 settings are not usable:',
      'AUGURY_PORT must be a whole number 0..65535, got "tcp://10.0.0.1:4000"',
      '--data-dir must be a folder, got ""',
      'REDIS_URL must start with redis:// or rediss://, got (value not shown)',
      'AUGURY_NOW must be an ISO 8601 day or instant with its zone, such as 1997-10-01T00:00:00Z, got "1997-10-01T00:00:00"',
      'AUGURY_PROVIDER must be one of cpu, cuda, webgpu, auto, got "tpu"',
      'AUGURY_SCORER_WORKERS must be a whole number 1..16, got "17"',
      'AUGURY_ALLOWED_ORIGINS must be a comma-separated list of origins such as https://crm.example.com, not "crm.example.com", got "crm.example.com"',
    ]);
  });

  it('never shows a password in a problem', () => {
    const [, line] = problemsOf(() => readConfig({ DATABASE_URL: 'mysql://me:secret@db/x' }));
    expect(line).toBe(
      'DATABASE_URL must start with postgresql:// or postgres://, got (value not shown)',
    );
  });

  it.each(['', ' ', '1e3', '-1', '65536', '4000.5', '0x10', '999999999999999999999'])(
    'refuses the port "%s" on the command line',
    (port) => {
      expect(problemsOf(() => readConfig({}, { port }))[1]).toBe(
        `--port must be a whole number 0..65535, got ${JSON.stringify(port)}`,
      );
    },
  );
});

describe('the environment', () => {
  it('is completed by a .env file, which it wins over', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-env-'));
    onTestFinished(() => fs.rmSync(folder, { recursive: true }));
    const before = process.env.AUGURY_HOST;
    process.env.AUGURY_HOST = '127.0.0.9';
    onTestFinished(() => {
      if (before === undefined) delete process.env.AUGURY_HOST;
      else process.env.AUGURY_HOST = before;
    });
    fs.writeFileSync(
      path.join(folder, '.env'),
      '# mine\nAUGURY_PORT="4711" # in quotes\nAUGURY_HOST=127.0.0.2\n',
    );
    expect(readConfig(loadEnvironment(folder))).toMatchObject({ port: 4711, host: '127.0.0.9' });
    expect(loadEnvironment(os.tmpdir()).AUGURY_PORT).toBe(process.env.AUGURY_PORT);
  });

  it('has misspelt settings pointed out', () => {
    expect(unknownVariables({ AUGURY_PROT: '1', AUGURY_PORT: '1', PATH: '/' })).toEqual([
      'AUGURY_PROT',
    ]);
  });

  it('is described in full by .env.example, which names nothing else', () => {
    expect(fs.readFileSync(path.join(projectRoot, '.env.example'), 'utf8')).toBe(envExample());
  });

  it('taken from .env.example as it stands is the default configuration', () => {
    const text = fs.readFileSync(path.join(projectRoot, '.env.example'), 'utf8');
    const entries = [...text.matchAll(/^#([A-Z_]+)=(.*)$/gm)].map((match) => [match[1], match[2]]);
    expect(entries.length).toBeGreaterThan(20);
    expect(readConfig(Object.fromEntries(entries) as Record<string, string>, {}, true)).toEqual(
      readConfig({}, {}, true),
    );
  });

  it('is read in plant/env.ts only', () => {
    const readers: string[] = [];
    for (const folder of ['src', 'jobs'])
      for (const entry of fs.readdirSync(path.join(projectRoot, folder), {
        recursive: true,
        withFileTypes: true,
      }))
        if (entry.isFile() && entry.name.endsWith('.ts')) {
          const file = path.join(entry.parentPath, entry.name);
          if (/\bprocess\.env\b/.test(fs.readFileSync(file, 'utf8').replace(/\/\*[^]*?\*\//g, '')))
            readers.push(path.relative(projectRoot, file));
        }
    expect(readers).toEqual(['src/plant/env.ts']);
  });
});
