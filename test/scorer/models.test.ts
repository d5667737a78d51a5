import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/kernel/random.js';
import type { FeatureTable } from '../../src/numeric/table.js';
import { classifierToText } from '../../src/onnx/classifier-text.js';
import type { GraphNode, GraphValue } from '../../src/onnx/graph.js';
import { encodeModel } from '../../src/onnx/graph.js';
import { ProtoWriter } from '../../src/onnx/protobuf.js';
import { CLASSIFIER_KEY, writeClassifier } from '../../src/onnx/write-classifier.js';
import type { Scorer } from '../../src/scorer/ports.js';
import { openScorer } from '../../src/scorer/scorer.js';
import { randomBoosting, randomEncoding, randomTable } from '../support/random-forest.js';
import { listLog, modelOf, scorerModel } from '../support/scorer.js';

const random = seededRandom(13);

function foreign(
  nodes: GraphNode[],
  outputs: string[],
  inputs: GraphValue[] = [{ name: 'numeric', type: 'float', dims: ['N', 1] }],
): Uint8Array {
  return encodeModel({
    irVersion: 10,
    producer: 'someone else',
    name: 'foreign',
    description: '',
    opsets: { '': 21 },
    nodes,
    constants: [],
    inputs,
    outputs: outputs.map((name) => ({ name, type: 'float', dims: ['N', 1] })),
    metadata: {},
  });
}

/** The margin is the number itself: what goes in comes out. */
const echo = modelOf(
  foreign([{ op: 'Identity', inputs: ['numeric'], outputs: ['margin'] }], ['margin']),
);

function numbers(...values: number[]): FeatureTable {
  return {
    rows: values.length,
    numericNames: ['x'],
    numeric: Float32Array.from(values),
    categoricalNames: [],
    categorical: [],
  };
}

let scorer: Scorer;
beforeAll(async () => {
  scorer = await openScorer({ provider: 'cpu', workers: 2, maxQueuedRows: 1000, log: listLog() });
});
afterAll(() => scorer.close());

describe('a model of another origin', () => {
  it('is scored by its margin, and has no explanation', async () => {
    await scorer.load(echo);
    const { margin, probability } = await scorer.score(echo.sha256, numbers(0, 2, -80, 90));
    expect([...margin]).toEqual([0, 2, -80, 90]);
    expect(probability[0]).toBe(0.5);
    expect(probability[2]).toBeCloseTo(Math.exp(-80), 40);
    expect(probability[3]).toBe(1 - 2 ** -53);
    expect(await scorer.explain(echo.sha256, numbers(0))).toBeNull();
  });

  it('is scored by its probability where it has no margin; 0 and 1 stay finite', async () => {
    const clip = modelOf(
      foreign(
        [
          { op: 'Mul', inputs: ['numeric', 'numeric'], outputs: ['square'] },
          { op: 'Tanh', inputs: ['square'], outputs: ['probability'] },
        ],
        ['probability'],
      ),
    );
    await scorer.load(clip);
    const { margin, probability } = await scorer.score(clip.sha256, numbers(0, 0.5, 100));
    expect(probability[1]).toBeCloseTo(Math.tanh(0.25), 6);
    expect(margin.every(Number.isFinite)).toBe(true);
    expect(probability[0]).toBeLessThan(1e-300);
  });

  it('never answers NaN or infinity: only the call that holds such a row fails', async () => {
    const calls = await Promise.allSettled(
      [1, NaN, 2, Infinity, 3].map((x) => scorer.score(echo.sha256, numbers(x))),
    );
    expect(calls.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(calls[1]).toMatchObject({
      reason: {
        code: 'INTERNAL',
        message: `model ${echo.sha256.slice(0, 12)} answered NaN or infinity to one of the rows`,
      },
    });
  });
});

describe('loading', () => {
  const identity: GraphNode = { op: 'Identity', inputs: ['numeric'], outputs: ['margin'] };
  it.each([
    ['not an ONNX file', modelOf(Buffer.from('hello')), 'not a model file'],
    [
      'another file than its name says',
      { ...echo, sha256: 'ab'.repeat(32) },
      'sha256 must be abab',
    ],
    [
      'a graph without a known output',
      modelOf(foreign([{ ...identity, outputs: ['y'] }], ['y'])),
      'outputs must hold margin or probability, got y',
    ],
    [
      'a graph with an unknown input',
      modelOf(
        foreign(
          [{ ...identity, inputs: ['x'] }],
          ['margin'],
          [{ name: 'x', type: 'float', dims: ['N', 1] }],
        ),
      ),
      'got x',
    ],
    [
      'an unknown operator',
      modelOf(foreign([{ ...identity, op: 'Foretell' }], ['margin'])),
      'ONNX Runtime refuses the model',
    ],
    [
      'a graph that answers NaN',
      modelOf(
        foreign(
          [
            { op: 'Sub', inputs: ['numeric', 'numeric'], outputs: ['zero'] },
            { op: 'Div', inputs: ['zero', 'zero'], outputs: ['margin'] },
          ],
          ['margin'],
        ),
      ),
      'the model answers NaN to a probe row',
    ],
  ])('refuses %s', async (_, model, message) => {
    const load = scorer.load(model);
    await expect(load).rejects.toMatchObject({ code: 'INVALID' });
    await expect(load).rejects.toThrow(message);
    expect(scorer.isLoaded(model.sha256)).toBe(false);
  });

  it('refuses a file whose graph and classifier disagree', async () => {
    const make = () => randomBoosting(random, randomEncoding(3, [2]), { trees: 5, depth: 3 });
    // Protocol buffers may be joined: the later classifier wins, the graph stays.
    const other = new ProtoWriter().message(14, (entry) =>
      entry.string(1, CLASSIFIER_KEY).string(2, classifierToText(make())),
    );
    const model = modelOf(Buffer.concat([writeClassifier(make()), other.finish()]));
    await expect(scorer.load(model)).rejects.toThrow(
      /the graph and the classifier in its file differ by \S+ in probability/,
    );
  });

  it('twice is once, and unloading ends it', async () => {
    const classifier = randomBoosting(random, randomEncoding(3, [2]), { trees: 5, depth: 3 });
    const model = scorerModel(classifier);
    await Promise.all([scorer.load(model), scorer.load(model)]);
    await scorer.load(model);
    await scorer.score(model.sha256, randomTable(random, classifier, 2));
    await scorer.unload(model.sha256);
    expect(scorer.isLoaded(model.sha256)).toBe(false);
    await expect(
      scorer.score(model.sha256, randomTable(random, classifier, 2)),
    ).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `model ${model.sha256.slice(0, 12)} is not loaded`,
    });
    await scorer.unload(model.sha256);
  });
});
