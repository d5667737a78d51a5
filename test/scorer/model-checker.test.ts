import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModel } from '../../src/onnx/read-graph.js';
import { modelChecker } from '../../src/scorer/model-checker.js';
import type { Scorer } from '../../src/scorer/ports.js';
import { openScorer } from '../../src/scorer/scorer.js';
import { exportedModel, exportedModels, modelFile, tableOf } from '../support/exported-models.js';
import { node, sumModel, toyModel, TWO_NUMBERS } from '../support/toy-model.js';
import { keptLog } from '../support/quiet-log.js';

const limits = { maxMemoryBytes: 1_073_741_824, maxSeconds: 60 };
const checker = modelChecker(limits);
let scorer: Scorer;
beforeAll(async () => {
  scorer = await openScorer({ provider: 'cpu', workers: 1, maxQueuedRows: 10_000, log: keptLog() });
});
afterAll(async () => {
  checker.close();
  await scorer.close();
});

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('models that other libraries exported', () => {
  it.each(exportedModels())(
    '$name answers in the scorer as in its library ($origin)',
    async (model) => {
      const examined = await checker.check(modelFile(model.bytes, model.features));
      expect(examined.missing).toBe(model.missing);
      const artifact = { sha256: sha256(examined.bytes), bytes: examined.bytes };
      await scorer.load(artifact);
      const { probability } = await scorer.score(artifact.sha256, tableOf(model));
      const off = model.probability.map((value, i) => Math.abs(value - probability[i]!));
      expect(Math.max(...off)).toBeLessThanOrEqual(1e-5);
      expect(new Set(model.probability.map((value) => value.toFixed(3))).size).toBeGreaterThan(5);
      expect(await scorer.explain(artifact.sha256, tableOf(model))).toBeNull();
    },
  );

  it('become the same bytes each time, and those are taken again as they are', async () => {
    const { bytes, features } = exportedModel('sklearn-forest');
    const first = await checker.check(modelFile(bytes, features));
    const second = await checker.check(modelFile(bytes, features));
    expect(sha256(second.bytes)).toBe(sha256(first.bytes));
    const third = await checker.check(modelFile(first.bytes, features));
    expect(third).toMatchObject({ output: 'probability', scores: 'PROBABILITY', columns: 1 });
  });

  it('lose their labels and maps, and keep what makes the scores byte for byte', async () => {
    const { bytes, features } = exportedModel('sklearn-logistic');
    const examined = await checker.check(modelFile(bytes, features));
    const before = readModel(bytes);
    const after = readModel(examined.bytes);
    const kept = (op: string, { nodes }: typeof before): Buffer[] =>
      nodes.filter((node) => node.op === op).map((node) => Buffer.from(node.bytes));
    for (const op of ['Scaler', 'LinearClassifier', 'Normalizer'])
      expect(kept(op, after)).toEqual(kept(op, before));
    expect(after.nodes.some(({ op }) => op === 'ZipMap')).toBe(false);
    expect(after.outputs.map(({ name }) => name)).toEqual(['probability']);
    expect(examined).toMatchObject({
      producer: 'skl2onnx',
      opset: 15,
      output: 'output_probability',
      scores: 'PROBABILITY',
      columns: 2,
      operators: ['Cast', 'LinearClassifier', 'Normalizer', 'Scaler', 'ZipMap'],
    });
  });
});

const longs = (name: string, values: number[]) => ({
  name,
  type: 'int64' as const,
  dims: [values.length],
  values,
});
const floats = (name: string, dims: number[], values: number[]) => ({
  name,
  type: 'float' as const,
  dims,
  values,
});
const output = (name: string, type: 'float' | 'int64', columns: number | string) => ({
  name,
  type,
  dims: ['N', columns],
});
const noise = Uint8Array.from({ length: 5000 }, (_, i) => (i * i * 31 + i * 7) % 251);
const threeClasses = (): Uint8Array =>
  toyModel([node('MatMul', ['x', 'w'], ['z']), node('Softmax', ['z'])], {
    constants: [floats('w', [2, 3], [1, 0, -1, 0, 1, 1])],
    outputs: [output('y', 'float', 3)],
  });

describe('files that cannot serve are refused with the reason, and the next one is looked at', () => {
  it.each<[string, () => Uint8Array, string]>([
    ['random bytes', () => noise, 'byte'],
    ['half a file', () => exportedModel('sklearn-forest').bytes.subarray(0, 9000), 'byte'],
    [
      'an operator that does not exist in its set',
      () => toyModel([node('Gelu', ['x'])]),
      'ONNX Runtime refuses the model',
    ],
    [
      'a graph that does not fit together',
      () => toyModel([node('Relu', ['nothing'])]),
      'ONNX Runtime refuses the model',
    ],
    [
      'labels only',
      () => toyModel([node('ArgMax', ['x'])], { outputs: [output('y', 'int64', 1)] }),
      'the graph answers labels only (y)',
    ],
    ['NaN as an answer', () => sumModelThen(['Log']), 'the model answers NaN to ordinary numbers'],
    [
      'scores of a wrong rank',
      () => toyModel([node('Unsqueeze', ['x', 'axes'])], { constants: [longs('axes', [2])] }),
      'scores must be [N], [N, 1] or [N, classes], got [5, 2, 1] for 5 rows',
    ],
    [
      'one answer for all rows',
      () => toyModel([{ ...node('ReduceSum', ['x']), attributes: { keepdims: { integer: 1 } } }]),
      'got [1, 1] for 5 rows',
    ],
    [
      'one row at a time',
      () =>
        toyModel([node('Reshape', ['x', 'one'], ['z']), node('MatMul', ['z', 'w'])], {
          constants: [longs('one', [1, 2]), floats('w', [2, 1], [1, 1])],
        }),
      'the model answers one row at a time only: export it with a free first dimension',
    ],
    [
      'answers that depend on the other rows',
      () =>
        toyModel(
          [
            { ...node('ReduceMean', ['x'], ['m']), attributes: { axes: { integers: [0] } } },
            node('Sub', ['x', 'm'], ['z']),
            node('MatMul', ['z', 'w']),
          ],
          { constants: [floats('w', [2, 1], [1, 1])] },
        ),
      'its answer must not depend on the others, nor on chance',
    ],
    [
      'three classes of which none is named',
      threeClasses,
      'the model tells 3 classes apart: say which column is the positive one',
    ],
    [
      'shares that do not add up',
      () => toyModel([node('Sigmoid', ['x'])], { outputs: [output('y', 'float', 2)] }),
      'say whether they are PROBABILITY or LOGIT',
    ],
    [
      'two outputs that could be meant',
      () =>
        toyModel([node('Relu', ['x']), node('Abs', ['x'], ['z'])], {
          outputs: [output('y', 'float', 2), output('z', 'float', 2)],
        }),
      'the graph answers y, z: say which is meant',
    ],
    [
      '50 GB asked for while it runs',
      () =>
        toyModel(
          [
            node('Shape', ['x'], ['shape']),
            node('Mul', ['shape', 'many'], ['size']),
            node('ConstantOfShape', ['size'], ['z']),
            { ...node('ReduceSum', ['z'], ['s']), attributes: { keepdims: { integer: 0 } } },
            node('Add', ['x', 's']),
          ],
          { constants: [longs('many', [50_000, 25_000])] },
        ),
      'checking the file takes more than 1024 MiB of memory',
    ],
  ])('%s', async (_, make, reason) => {
    await expect(checker.check(modelFile(make(), TWO_NUMBERS))).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringContaining(reason),
    });
  });

  it('a category that it does not know makes it fail', async () => {
    const file = toyModel(
      [
        {
          ...node('OneHotEncoder', ['x'], ['z']),
          domain: 'ai.onnx.ml',
          attributes: { cats_strings: { strings: ['a', 'b'] }, zeros: { integer: 0 } },
        },
        { ...node('ReduceSum', ['z', 'axes']), attributes: { keepdims: { integer: 0 } } },
      ],
      { inputs: [{ name: 'x', type: 'string', dims: ['N', 1] }], constants: [longs('axes', [2])] },
    );
    await expect(
      checker.check(modelFile(file, [{ name: 'plan', kind: 'category' }])),
    ).rejects.toThrow(/the model fails on ordinary rows: .*Unknown/);
  });

  it('a multiplication without end is ended', async () => {
    const eager = modelChecker({ ...limits, maxSeconds: 3 });
    await expect(eager.check(modelFile(endless(), TWO_NUMBERS))).rejects.toThrow(
      'checking the file takes longer than 3 s',
    );
  });

  it.runIf(process.platform === 'linux')(
    'a process that dies of a file is a refusal, and none is left behind',
    async () => {
      const slow = modelChecker(limits);
      const ended = expect(slow.check(modelFile(endless(), TWO_NUMBERS))).rejects.toMatchObject({
        code: 'INVALID',
        message: 'checking the file ends with SIGSEGV: it crashes on it',
      });
      // again and again: a signal that comes while the process starts may be lost
      const killing = setInterval(() => {
        for (const pid of checksUnderWay()) process.kill(pid, 'SIGSEGV');
      }, 20);
      await ended;
      clearInterval(killing);
      expect((await slow.check(modelFile(sumModel(), TWO_NUMBERS))).scores).toBe('LOGIT');
      while (checksUnderWay().length > 0) await pause(10);
      const closed = expect(slow.check(modelFile(endless(), TWO_NUMBERS))).rejects.toThrow(
        'checking the file ends with SIGKILL',
      );
      const waiting = expect(slow.check(modelFile(sumModel(), TWO_NUMBERS))).rejects.toMatchObject({
        code: 'UNAVAILABLE',
      });
      while (checksUnderWay().length === 0) await pause(10);
      slow.close();
      await closed;
      await waiting;
      while (checksUnderWay().length > 0) await pause(10);
    },
  );

  it('a process that cannot even start within its memory is a refusal, not a failure', async () => {
    const small = modelChecker({ ...limits, maxMemoryBytes: 8_388_608 });
    await expect(small.check(modelFile(sumModel(), TWO_NUMBERS))).rejects.toMatchObject({
      code: 'INVALID',
    });
  });

  it('more than five at once are told to come again, and the others are all answered', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => checker.check(modelFile(sumModel(), TWO_NUMBERS))),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.map(({ reason }) => (reason as { code: string }).code)).toEqual(
      Array.from({ length: 3 }, () => 'UNAVAILABLE'),
    );
  });
});

/** 2,000 products of matrices of 3,000 x 3,000: hours. */
function endless(): Uint8Array {
  const steps = Array.from({ length: 2000 }, (_, i) =>
    node('MatMul', [`m${i}`, 'm0'], [`m${i + 1}`]),
  );
  return toyModel(
    [
      node('ConstantOfShape', ['size'], ['m0']),
      ...steps,
      { ...node('ReduceSum', ['m2000'], ['s']), attributes: { keepdims: { integer: 0 } } },
      node('Add', ['x', 's']),
    ],
    { constants: [longs('size', [3000, 3000])] },
  );
}

/** Processes that look at a file for this one. */
function checksUnderWay(): number[] {
  return fs.readdirSync('/proc').flatMap((entry) => {
    try {
      const stat = fs.readFileSync(`/proc/${entry}/stat`, 'utf8');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = fs.readFileSync(`/proc/${entry}/cmdline`, 'utf8');
      const own = Number(parent) === process.pid && state !== 'Z';
      return own && command.includes('check-model.process') ? [Number(entry)] : [];
    } catch {
      return []; // no process, or one that has just ended
    }
  });
}

function sumModelThen(operators: string[]): Uint8Array {
  const chain = operators.map((op, i) =>
    node(op, [`z${i}`], [i === operators.length - 1 ? 'y' : `z${i + 1}`]),
  );
  return toyModel([node('MatMul', ['x', 'w'], ['z0']), ...chain], {
    constants: [floats('w', [2, 1], [1, 1])],
  });
}

describe('a file that Augury wrote', () => {
  const bytes = new Uint8Array(fs.readFileSync('models/churn/model.onnx'));
  const golden = JSON.parse(fs.readFileSync('models/churn/golden.json', 'utf8')) as {
    version: Record<'numericNames' | 'categoricalNames', string[]>;
  };
  const { numericNames, categoricalNames } = golden.version;
  const features = [
    ...numericNames.map((name) => ({ name, kind: 'number' as const })),
    ...categoricalNames.map((name) => ({ name, kind: 'category' as const })),
  ];

  it('is taken as it is', async () => {
    const examined = await checker.check(modelFile(bytes, features));
    expect(sha256(examined.bytes)).toBe(sha256(bytes));
    expect(examined).toMatchObject({ producer: 'augury', output: 'margin', scores: 'LOGIT' });
  });

  it('is held to the features that it names itself', async () => {
    const [first, second, ...rest] = features;
    const swapped = [second!, first!, ...rest];
    await expect(checker.check(modelFile(bytes, swapped))).rejects.toThrow(
      /^the file names its features itself: active_days_30d, /,
    );
  });
});

describe('what the bringer says', () => {
  const check = (bytes: Uint8Array, said: Parameters<typeof modelFile>[2]) =>
    checker.check(modelFile(bytes, TWO_NUMBERS, said));

  it('names the positive class of several', async () => {
    expect(await check(threeClasses(), { positiveClass: 0 })).toMatchObject({ columns: 3 });
    await expect(check(threeClasses(), { positiveClass: 3 })).rejects.toThrow(
      'positiveClass must be 0..2, got 3',
    );
  });

  it('names the output', async () => {
    const file = toyModel([node('MatMul', ['x', 'w'], ['y']), node('Abs', ['x'], ['z'])], {
      outputs: [output('y', 'float', 1), output('z', 'float', 2)],
      constants: [floats('w', [2, 1], [1, 1])],
    });
    expect(await check(file, { output: 'y' })).toMatchObject({ output: 'y', scores: 'LOGIT' });
    await expect(check(file, { output: 'no' })).rejects.toThrow(
      'the graph has no output "no", it has y, z',
    );
  });

  it('tells log-odds from probabilities, and is held to it', async () => {
    const shares = sumModelThen(['Sigmoid']);
    expect((await check(shares, {})).scores).toBe('PROBABILITY');
    expect((await check(shares, { scores: 'LOGIT' })).scores).toBe('LOGIT');
    expect((await check(sumModel(), {})).scores).toBe('LOGIT');
    await expect(check(sumModel(), { scores: 'PROBABILITY' })).rejects.toThrow(
      'scores are said to be probabilities, and the model answers -',
    );
  });

  it('refuses a model without an answer to missing numbers', async () => {
    expect((await check(sumModel(), {})).missing).toBe('FILLED');
    await expect(check(sumModel(), { missing: 'REFUSE' })).rejects.toThrow(
      'the model has no answer to missing numbers, and missing is REFUSE',
    );
  });
});

describe('inputs of other types', () => {
  it.each([
    ['double', 'double' as const, [0.1, 2.5, null], [0.1, 2.5, 0]],
    ['whole numbers, rounded towards zero', 'int64' as const, [3, -2.7, null], [3, -2, 0]],
  ])('%s', async (_, type, given, taken) => {
    const file = toyModel(
      [
        node('Concat', ['x1', 'x2'], ['x']),
        { ...node('Cast', ['x'], ['f']), attributes: { to: { integer: 1 } } },
        node('MatMul', ['f', 'w']),
      ].map((each) =>
        each.op === 'Concat' ? { ...each, attributes: { axis: { integer: 1 } } } : each,
      ),
      {
        inputs: [
          { name: 'x1', type, dims: ['N', 1] },
          { name: 'x2', type, dims: ['N', 1] },
        ],
        constants: [floats('w', [2, 1], [1, 10])],
      },
    );
    const examined = await checker.check(modelFile(file, TWO_NUMBERS));
    expect(examined).toMatchObject({ missing: 'FILLED', scores: 'LOGIT' });
    const artifact = { sha256: sha256(examined.bytes), bytes: examined.bytes };
    await scorer.load(artifact);
    const table = tableOf({ rows: given.map((value) => [value, 1]), features: [...TWO_NUMBERS] });
    const { margin } = await scorer.score(artifact.sha256, table);
    taken.forEach((value, i) => {
      expect(margin[i]).toBeCloseTo(value + 10, 5);
    });
  });
});
