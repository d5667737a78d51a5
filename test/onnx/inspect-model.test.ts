import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inspectModel } from '../../src/onnx/inspect-model.js';
import { readModel } from '../../src/onnx/read-graph.js';
import type { ProtoWriter } from '../../src/onnx/protobuf.js';
import { exportedModels } from '../support/exported-models.js';
import { node, rawModel, rawNode, sumModel, toyModel } from '../support/toy-model.js';

const look = (bytes: Uint8Array): void => {
  inspectModel(readModel(bytes));
};
const attribute =
  (write: (into: ProtoWriter) => void, name = 'body') =>
  (into: ProtoWriter) =>
    into.message(5, (inner) => {
      write(inner.string(1, name));
    });
const longs = (values: number[]) => ({
  name: 'size',
  type: 'int64' as const,
  dims: [values.length],
  values,
});
const emptyTensor = (into: ProtoWriter, write: (into: ProtoWriter) => void): void => {
  into.message(5, (tensor) => {
    write(tensor.integers(1, [1]).integer(2, 1).string(8, 'w'));
  });
};

describe('a file from elsewhere is refused before it runs', () => {
  it.each<[string, () => Uint8Array, string]>([
    ['no bytes', () => new Uint8Array(), 'an ONNX file holds one graph, this one 0'],
    ['text', () => new TextEncoder().encode('hello, I am a model'), 'byte'],
    ['an old IR', () => sumModel({ irVersion: 2 }), 'the IR version must be 3..13, got 2'],
    ['an IR to come', () => sumModel({ irVersion: 14 }), 'the IR version must be 3..13, got 14'],
    [
      'operators to come',
      () => sumModel({ opsets: { '': 27 } }),
      'the operator set of ai.onnx must be 7..26, got 27',
    ],
    [
      'tree operators to come',
      () => sumModel({ opsets: { '': 15, 'ai.onnx.ml': 6 } }),
      'the operator set of ai.onnx.ml must be 1..5, got 6',
    ],
    ['no operator set', () => sumModel({ opsets: {} }), 'names no operator set'],
    ['no nodes', () => toyModel([]), 'the graph has no nodes'],
    [
      'an operator that is not listed',
      () => toyModel([node('RandomUniformLike', ['x'])]),
      'the operator RandomUniformLike of ai.onnx is not allowed',
    ],
    [
      'a domain of its own',
      () =>
        rawModel((graph) => {
          rawNode(graph, 'Steal', (into) => into.string(7, 'evil'));
        }),
      'operators must be of ai.onnx or ai.onnx.ml, Steal of node "" is of "evil"',
    ],
    [
      'a loop',
      () =>
        rawModel((graph) => {
          rawNode(
            graph,
            'Loop',
            attribute((into) => into.bytes(6, new Uint8Array())),
          );
        }),
      'the operator Loop of ai.onnx is not allowed',
    ],
    [
      'a graph inside an operator that is allowed',
      () =>
        rawModel((graph) => {
          rawNode(
            graph,
            'Relu',
            attribute((into) => into.bytes(6, new Uint8Array())),
          );
        }),
      'Relu holds a subgraph in "body", which is not taken',
    ],
    [
      'a sparse constant inside a node',
      () =>
        rawModel((graph) => {
          rawNode(
            graph,
            'Constant',
            attribute((into) => into.bytes(22, new Uint8Array())),
          );
        }),
      'Constant holds a sparse tensor in "body"',
    ],
    [
      'sparse constants',
      () =>
        rawModel((graph) => {
          rawNode(graph, 'Relu');
          graph.bytes(15, new Uint8Array());
        }),
      'sparse constants are not taken',
    ],
    [
      'functions',
      () =>
        rawModel(
          (graph) => {
            rawNode(graph, 'Relu');
          },
          (into) => into.bytes(25, new Uint8Array()),
        ),
      'functions of its own are not taken, it has 1',
    ],
    [
      'training',
      () =>
        rawModel(
          (graph) => {
            rawNode(graph, 'Relu');
          },
          (into) => into.bytes(20, new Uint8Array()),
        ),
      'instructions for training are not taken',
    ],
    [
      'values in another file',
      () =>
        rawModel((graph) => {
          rawNode(graph, 'Relu');
          emptyTensor(graph, (tensor) =>
            tensor
              .message(13, (entry) => entry.string(1, 'location').string(2, '/etc/passwd'))
              .integer(14, 1),
          );
        }),
      'the values of constant "w" lie in another file, which is not taken',
    ],
    [
      'values in another file that the flag denies',
      () =>
        rawModel((graph) => {
          rawNode(graph, 'Relu');
          emptyTensor(graph, (tensor) =>
            tensor.message(13, (entry) => entry.string(1, 'location')),
          );
        }),
      'lie in another file',
    ],
    [
      'a constant that is shorter than it says',
      () =>
        sumModel({
          constants: [{ name: 'w', type: 'float', dims: [1_000_000, 1_000_000], values: [1] }],
        }),
      'constant "w" of shape [1000000, 1000000] needs 1000000000000 values, the file holds 1',
    ],
    [
      'a negative shape',
      () =>
        rawModel((graph) => {
          rawNode(graph, 'Relu');
          graph.message(5, (tensor) => tensor.integers(1, [-1]).integer(2, 1));
        }),
      'constant "" has the shape [-1]',
    ],
    [
      'an element type nobody knows',
      () =>
        rawModel((graph) => {
          rawNode(graph, 'Relu');
          graph.message(5, (tensor) => tensor.integers(1, [1]).integer(2, 99));
        }),
      'is of the unknown type 99',
    ],
    [
      'a constant shape of 50 GB',
      () =>
        toyModel([node('ConstantOfShape', ['size'])], { constants: [longs([100_000, 125_000])] }),
      'ConstantOfShape "ConstantOfShape_0" asks for 12500000000 elements at once, at most 16777216 are allowed',
    ],
    [
      'an expansion of a million by a million',
      () => toyModel([node('Expand', ['x', 'size'])], { constants: [longs([1e6, 1e6])] }),
      'Expand "Expand_0" asks for 1000000000000 elements',
    ],
    [
      'a repetition whose count a Constant node gives',
      () =>
        toyModel([
          {
            op: 'Constant',
            inputs: [],
            outputs: ['n'],
            attributes: { value_ints: { integers: [1e9, 2] } },
          },
          node('Tile', ['x', 'n']),
        ]),
      'Tile "Tile_1" asks for 2000000000 elements',
    ],
  ])('%s', (_, make, reason) => {
    const bytes = make();
    expect(() => {
      look(bytes);
    }).toThrow(reason);
    expect(() => {
      look(bytes);
    }).toThrow(RangeError);
  });

  it('and what other libraries export is not', () => {
    for (const { bytes } of exportedModels())
      expect(() => {
        look(bytes);
      }).not.toThrow();
  });

  it('cut off anywhere or with a flipped byte: only ever a RangeError, and it ends', () => {
    const whole = exportedModels().find(({ name }) => name === 'sklearn-mixed')!.bytes;
    const survives = (bytes: Uint8Array): void => {
      try {
        look(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    };
    for (let length = 0; length < whole.length; length += 7) survives(whole.subarray(0, length));
    const flips = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(flips, ([at, mask]) => {
        const bytes = whole.slice();
        bytes[at] = whole[at]! ^ mask;
        survives(bytes);
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), survives), { numRuns: 300 });
  });
});

describe('readModel', () => {
  it('reads what encodeModel wrote', () => {
    const model = readModel(sumModel());
    expect(model).toMatchObject({
      irVersion: 8,
      producer: 'toy',
      inputs: [{ name: 'x', kind: 'tensor', type: 1, dims: ['N', 2] }],
      outputs: [{ name: 'y', kind: 'tensor', type: 1, dims: ['N', 1] }],
      nodes: [{ op: 'MatMul', domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes: [] }],
      constants: [{ name: 'w', dims: [2, 1], type: 1, stored: 2, external: false }],
    });
    expect([...model.opsets]).toEqual([
      ['', 15],
      ['ai.onnx.ml', 3],
    ]);
  });

  it('does not take constants that are listed among the inputs for inputs, as files of IR 3 do', () => {
    const inputs = [
      { name: 'x', type: 'float' as const, dims: ['N', 2] },
      { name: 'w', type: 'float' as const, dims: [2, 1] },
    ];
    expect(readModel(sumModel({ inputs, irVersion: 3 })).inputs.map(({ name }) => name)).toEqual([
      'x',
    ]);
  });

  it('reads a scalar, whose shape has no entries', () => {
    const constants = [{ name: 'w', type: 'float' as const, dims: [], values: [3] }];
    const bytes = toyModel([node('Mul', ['x', 'w'])], { constants });
    expect(readModel(bytes).constants[0]).toMatchObject({ dims: [], stored: 1 });
    look(bytes);
  });

  it('keeps whole numbers of shapes, the negative ones too', () => {
    const bytes = toyModel([node('Reshape', ['x', 'size'])], { constants: [longs([-1, 2 ** 40])] });
    expect(readModel(bytes).constants[0]?.integers).toEqual([-1, 2 ** 40]);
  });
});
