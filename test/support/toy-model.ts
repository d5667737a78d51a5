import { encodeModel, type GraphNode, type OnnxModel } from '../../src/onnx/graph.js';
import type { InputFeature } from '../../src/onnx/plan-inputs.js';
import { ProtoWriter } from '../../src/onnx/protobuf.js';

/** A graph on `x` float [N, 2] with one output `y` float, of these nodes. */
export function toyModel(nodes: readonly GraphNode[], other: Partial<OnnxModel> = {}): Uint8Array {
  return encodeModel({
    irVersion: 8,
    producer: 'toy',
    name: 'toy',
    description: '',
    opsets: { '': 15, 'ai.onnx.ml': 3 },
    nodes,
    constants: [],
    inputs: [{ name: 'x', type: 'float', dims: ['N', 2] }],
    outputs: [{ name: 'y', type: 'float', dims: ['N', 1] }],
    metadata: {},
    ...other,
  });
}

/** A node without attributes. */
export const node = (op: string, inputs: string[], outputs: string[] = ['y']): GraphNode => ({
  op,
  inputs,
  outputs,
});

export const TWO_NUMBERS: readonly InputFeature[] = [
  { name: 'a', kind: 'number' },
  { name: 'b', kind: 'number' },
];

/** The sum of two numbers as log-odds: the smallest model that is taken. */
export function sumModel(other: Partial<OnnxModel> = {}): Uint8Array {
  const constants = [{ name: 'w', type: 'float' as const, dims: [2, 1], values: [1, 1] }];
  return toyModel([node('MatMul', ['x', 'w'])], { constants, ...other });
}

/** A ModelProto around bytes of a graph that `encodeModel` cannot write. */
export function rawModel(
  graph: (into: ProtoWriter) => void,
  model: (into: ProtoWriter) => void = () => undefined,
): Uint8Array {
  const writer = new ProtoWriter().integer(1, 8);
  writer.message(8, (opset) => opset.string(1, '').integer(2, 15));
  writer.message(7, (into) => {
    graph(into);
    for (const [field, name] of [
      [11, 'x'],
      [12, 'y'],
    ] as const)
      into.message(field, (value) =>
        value.string(1, name).message(2, (type) => {
          type.message(1, (tensor) => {
            tensor.integer(1, 1).message(2, (shape) => {
              shape.message(1, (dim) => dim.string(2, 'N')).message(1, (dim) => dim.integer(1, 2));
            });
          });
        }),
      );
  });
  model(writer);
  return writer.finish();
}

/** NodeProto into a graph. */
export function rawNode(
  graph: ProtoWriter,
  op: string,
  more: (into: ProtoWriter) => void = () => undefined,
): void {
  graph.message(1, (into) => {
    into.string(1, 'x').string(2, 'y').string(4, op);
    more(into);
  });
}
