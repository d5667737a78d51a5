import fs from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import { AppError } from '../../kernel/error.js';
import type { CliContext } from '../context.js';
import { oneOf, wholeNumber } from '../option-values.js';
import { figure, type Output } from '../output.js';
import { must, postGraphql, type GraphqlAnswer, type Remote } from '../remote.js';

interface RegisterOptions {
  features: string[];
  threshold?: number;
  task: string;
  output?: string;
  positiveClass?: number;
  scores?: string;
  missing: string;
  comment?: string;
}

interface Registered {
  id: string;
  version: number;
  stage: string;
  threshold: number;
  upload: {
    bytes: number;
    producer: string;
    output: string;
    scores: string;
    missing: string;
  } | null;
}

/** What AUGURY_MAX_BODY_BYTES is by itself. */
const STANDARD_BODY = 16_777_216;

const MUTATION = `mutation Register($name: String!, $task: ModelTask!, $onnx: String!, $features: [String!]!,
    $threshold: Float, $output: String, $positiveClass: Int, $scores: ScoreKind, $missing: MissingNumbers!, $comment: String) {
  registerModel(name: $name, task: $task, onnx: $onnx, features: $features, threshold: $threshold, output: $output,
      positiveClass: $positiveClass, scores: $scores, missing: $missing, comment: $comment) {
    modelVersion { id version stage threshold upload { bytes producer output scores missing } }
    userErrors { code message path } } }`;

/** `models register`, below the group `models`. */
export function addRegisterCommand(models: Command, context: CliContext): void {
  models
    .command('register')
    .description('register an ONNX file that was trained elsewhere as a candidate version')
    .argument('<name>', 'a model, or the name of a new one')
    .argument('<file>', 'the ONNX file')
    .requiredOption(
      '--features <list>',
      'comma-separated features, in the order the graph takes them: name or name@version',
      (text) => text.split(',').map((name) => name.trim()),
    )
    .option('--threshold <p>', 'positive from this probability, 0..1 (default: 0.5)', share)
    .option(
      '--task <task>',
      'what it answers',
      oneOf(['BINARY_CLASSIFICATION']),
      'BINARY_CLASSIFICATION',
    )
    .option('--output <name>', 'the output that holds the scores (default: the only one that can)')
    .option(
      '--positive-class <n>',
      'column of the positive class, from 0 (default: the second of two)',
      wholeNumber(0, 1_000_000),
    )
    .option(
      '--scores <kind>',
      'probability or logit (default: told by its answers)',
      oneOf(['PROBABILITY', 'LOGIT']),
    )
    .option(
      '--missing <what>',
      'fill or refuse: of a graph without an answer to missing numbers',
      oneOf(['FILL', 'REFUSE']),
      'FILL',
    )
    .option('--comment <text>', 'why; kept in the audit trail')
    .action(async (name: string, file: string, options: RegisterOptions) => {
      const onnx = readFile(file).toString('base64');
      await register(await context.remote(), { name, onnx, ...options }, context.output);
    });
}

async function register(
  remote: Remote,
  variables: RegisterOptions & { name: string; onnx: string },
  output: Output,
): Promise<void> {
  const answer = await postGraphql<{
    registerModel: { modelVersion: Registered | null; userErrors: never[] };
  }>(remote, MUTATION, { ...variables }).catch((error: unknown) => {
    throw cutOff(error, variables.onnx.length);
  });
  const { modelVersion } = must(dataOf(answer, variables.onnx.length).registerModel);
  if (!modelVersion) return;
  if (output.json) {
    output.line(JSON.stringify(modelVersion));
    return;
  }
  const { version, stage, threshold, upload, id } = modelVersion;
  output.line(`version ${version} of ${variables.name} (${stage}), threshold ${threshold}`);
  if (upload)
    output.line(
      `${figure(upload.bytes)} bytes by ${upload.producer || 'an unnamed program'}, scores: ${upload.output} (${upload.scores}), missing numbers: ${upload.missing}`,
    );
  output.line(`id ${id}`);
}

/** A server may end the connection over a body that is too large before its answer was read. */
function cutOff(error: unknown, characters: number): unknown {
  if (!(error instanceof AppError) || error.code !== 'UNAVAILABLE' || characters < STANDARD_BODY)
    return error;
  const told = `${error.message}; if one runs, it refused the ${characters} characters of the file: its AUGURY_MAX_BODY_BYTES is ${STANDARD_BODY} unless set`;
  return new AppError('UNAVAILABLE', told, { cause: error });
}

function dataOf<Data>({ data, errors }: GraphqlAnswer<Data>, characters: number): Data {
  const [error] = errors ?? [];
  if (error?.extensions?.code === 'TOO_LARGE')
    throw new AppError(
      'TOO_LARGE',
      `${error.message}; the file is ${characters} characters in base64: start the server with a larger AUGURY_MAX_BODY_BYTES`,
    );
  if (error) throw new AppError('INVALID', error.message);
  if (!data) throw new AppError('INTERNAL', 'the answer holds no data');
  return data;
}

function readFile(file: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError('INVALID', `the file ${file} cannot be read (${code ?? String(cause)})`, {
      cause,
    });
  }
}

function share(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a number 0..1.');
}
