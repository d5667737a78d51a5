import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Command, CommanderError } from 'commander';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addRegisterCommand } from '../../src/cli/commands/models-register.js';
import type { CliContext } from '../../src/cli/context.js';
import type { Output } from '../../src/cli/output.js';
import { KEY, startDoor } from '../support/door.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-register-'));
const file = path.join(folder, 'model.onnx');
const registered = {
  ...{ id: 'ModelVersion:1', version: 3, stage: 'CANDIDATE', threshold: 0.4 },
  upload: {
    bytes: 1234,
    producer: 'skl2onnx',
    output: 'p',
    scores: 'PROBABILITY',
    missing: 'FILLED',
  },
};
let server: http.Server;
let asked: Record<string, unknown>[] = [];
let answer: object = {};

beforeAll(async () => {
  fs.writeFileSync(file, 'bytes of a model');
  server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push((JSON.parse(body) as { variables: Record<string, unknown> }).variables);
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => {
  asked = [];
  answer = { data: { registerModel: { modelVersion: registered, userErrors: [] } } };
});
afterAll(async () => {
  fs.rmSync(folder, { recursive: true });
  await new Promise((resolve) => server.close(resolve));
});

async function run(
  argv: string[],
  remote = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key: 'key' },
): Promise<string[]> {
  const lines: string[] = [];
  const output: Output = { json: false, line: (text) => lines.push(text), note: () => undefined };
  const models = new Command('models')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  addRegisterCommand(models, {
    output,
    remote: () => Promise.resolve(remote),
  } as unknown as CliContext);
  models.commands.forEach((command) =>
    command.exitOverride().configureOutput({ writeErr: () => undefined }),
  );
  await models.parseAsync(['register', ...argv], { from: 'user' });
  return lines;
}

describe('models register', () => {
  it('sends the file and what is said of it, and prints the version', async () => {
    const lines = await run([
      ...['churn', file, '--features', 'age, plan@2', '--threshold', '0.4'],
      ...['--scores', 'logit', '--positive-class', '0', '--output', 'p', '--missing', 'refuse'],
      ...['--comment', 'from the lab'],
    ]);
    expect(asked).toEqual([
      {
        name: 'churn',
        onnx: Buffer.from('bytes of a model').toString('base64'),
        features: ['age', 'plan@2'],
        threshold: 0.4,
        task: 'BINARY_CLASSIFICATION',
        scores: 'LOGIT',
        positiveClass: 0,
        output: 'p',
        missing: 'REFUSE',
        comment: 'from the lab',
      },
    ]);
    expect(lines).toEqual([
      'version 3 of churn (CANDIDATE), threshold 0.4',
      '1,234 bytes by skl2onnx, scores: p (PROBABILITY), missing numbers: FILLED',
      'id ModelVersion:1',
    ]);
  });

  it('ends with the reason of a refusal', async () => {
    const message = 'the file is refused: the operator Loop of ai.onnx is not allowed';
    const userErrors = [{ code: 'INVALID', message, path: ['onnx'] }];
    answer = { data: { registerModel: { modelVersion: null, userErrors } } };
    await expect(run(['churn', file, '--features', 'age'])).rejects.toMatchObject({
      code: 'INVALID',
      message,
    });
  });

  it.each([
    [['churn', file], 'features'],
    [['churn', file, '--features', 'age', '--threshold', '2'], 'It must be a number 0..1.'],
    [['churn', file, '--features', 'age', '--scores', 'odds'], 'PROBABILITY, LOGIT'],
  ])('%j is told to be wrong before anything is sent', async (argv, told) => {
    const failure = run(argv);
    await expect(failure).rejects.toBeInstanceOf(CommanderError);
    await expect(failure).rejects.toThrow(told);
    expect(asked).toEqual([]);
  });

  it('names a file that cannot be read', async () => {
    await expect(run(['churn', `${file}.no`, '--features', 'age'])).rejects.toThrow(
      `the file ${file}.no cannot be read (ENOENT)`,
    );
  });

  it('says which setting to raise when the server refuses a body of that size', async () => {
    const door = await startDoor({ config: { limits: { maxBodyBytes: 1024 } } });
    const large = path.join(folder, 'large.onnx');
    fs.writeFileSync(large, Buffer.alloc(300_000));
    const argv = ['churn', large, '--features', 'age'];
    await expect(run(argv, { url: door.server.url, key: KEY })).rejects.toThrow(
      'the body must be at most 1024 bytes; the file is 400000 characters in base64: start the server with a larger AUGURY_MAX_BODY_BYTES',
    );
    await door.close();
  });

  it('says so too when the connection ended over a large file', async () => {
    const large = path.join(folder, 'larger.onnx');
    fs.writeFileSync(large, Buffer.alloc(13_000_000));
    const argv = ['churn', large, '--features', 'age'];
    await expect(run(argv, { url: 'http://127.0.0.1:1', key: 'key' })).rejects.toThrow(
      'it refused the 17333336 characters of the file: its AUGURY_MAX_BODY_BYTES is 16777216 unless set',
    );
  });
});
