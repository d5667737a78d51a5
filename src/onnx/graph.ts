import { ProtoWriter, readProto } from './protobuf.js';

/** Element types that our graphs use, as `TensorProto.DataType`. */
export const ELEMENT_TYPE = { float: 1, int64: 7, string: 8, double: 11 } as const;
export type ElementType = keyof typeof ELEMENT_TYPE;

/** A constant of the graph; a scalar has `dims: []`. */
export type TensorConstant = { name: string; dims: readonly number[] } & (
  | { type: 'float' | 'double'; values: ArrayLike<number> }
  | { type: 'int64'; values: readonly number[] }
  | { type: 'string'; values: readonly string[] }
);

export type AttributeValue =
  | { float: number }
  | { integer: number }
  | { string: string }
  | { floats: ArrayLike<number> }
  | { integers: ArrayLike<number> }
  | { strings: readonly string[] };

/** One operator call; `domain` is `''` for ai.onnx or `ai.onnx.ml`. */
export interface GraphNode {
  op: string;
  domain?: '' | 'ai.onnx.ml';
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Readonly<Record<string, AttributeValue>>;
}

/** A named input or output; a string dimension is free, its name says which agree. */
export interface GraphValue {
  name: string;
  type: ElementType;
  dims: readonly (number | string)[];
}

export interface OnnxModel {
  irVersion: number;
  producer: string;
  name: string;
  description: string;
  opsets: Readonly<Record<string, number>>;
  nodes: readonly GraphNode[];
  constants: readonly TensorConstant[];
  inputs: readonly GraphValue[];
  outputs: readonly GraphValue[];
  metadata: Readonly<Record<string, string>>;
}

/** Field numbers of onnx.proto, the ones we write. */
const MODEL = { irVersion: 1, producer: 2, description: 6, graph: 7, opsets: 8, metadata: 14 };
const GRAPH = { nodes: 1, name: 2, constants: 5, inputs: 11, outputs: 12 };
const NODE = { inputs: 1, outputs: 2, name: 3, op: 4, attributes: 5, domain: 7 };
const ATTRIBUTE = { name: 1, float: 2, integer: 3, string: 4, floats: 7, integers: 8, strings: 9 };
const ATTRIBUTE_TYPE = {
  field: 20,
  float: 1,
  integer: 2,
  string: 3,
  floats: 6,
  integers: 7,
  strings: 8,
};
const TENSOR = { dims: 1, type: 2, strings: 6, name: 8, raw: 9 };

/** The bytes of an ONNX file (ModelProto). The same model gives the same bytes. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const writer = new ProtoWriter()
    .integer(MODEL.irVersion, model.irVersion)
    .string(MODEL.producer, model.producer)
    .string(MODEL.description, model.description);
  for (const [domain, version] of Object.entries(model.opsets))
    writer.message(MODEL.opsets, (opset) => opset.string(1, domain).integer(2, version));
  writer.message(MODEL.graph, (graph) => {
    model.nodes.forEach((node, index) => {
      graph.message(GRAPH.nodes, (inner) => {
        writeNode(inner, node, `${node.op}_${String(index)}`);
      });
    });
    graph.string(GRAPH.name, model.name);
    for (const constant of model.constants)
      graph.message(GRAPH.constants, (inner) => {
        writeTensor(inner, constant);
      });
    for (const value of model.inputs)
      graph.message(GRAPH.inputs, (inner) => {
        writeValue(inner, value);
      });
    for (const value of model.outputs)
      graph.message(GRAPH.outputs, (inner) => {
        writeValue(inner, value);
      });
  });
  for (const [key, value] of Object.entries(model.metadata))
    writer.message(MODEL.metadata, (entry) => entry.string(1, key).string(2, value));
  return writer.finish();
}

/**
 * One entry of the file's `metadata_props`, or null without it; the graph is skipped, not parsed.
 * @throws RangeError when the bytes are not a protocol buffer
 */
export function readMetadata(bytes: Uint8Array, key: string): string | null {
  let found: string | null = null;
  for (const { field, bytes: entry } of readProto(bytes)) {
    if (field !== MODEL.metadata) continue;
    let entryKey = '';
    let value = '';
    for (const part of readProto(entry)) {
      if (part.field === 1) entryKey = utf8(part.bytes);
      else if (part.field === 2 && entryKey === key) value = utf8(part.bytes);
    }
    if (entryKey === key) found = value;
  }
  return found;
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

/** NodeProto. */
export function writeNode(writer: ProtoWriter, node: GraphNode, name: string): void {
  for (const input of node.inputs) writer.string(NODE.inputs, input);
  for (const output of node.outputs) writer.string(NODE.outputs, output);
  writer.string(NODE.name, name).string(NODE.op, node.op);
  for (const [key, value] of Object.entries(node.attributes ?? {}))
    writer.message(NODE.attributes, (inner) => {
      writeAttribute(inner.string(ATTRIBUTE.name, key), value);
    });
  if (node.domain) writer.string(NODE.domain, node.domain);
}

function writeAttribute(writer: ProtoWriter, value: AttributeValue): void {
  const type = (kind: number): ProtoWriter => writer.integer(ATTRIBUTE_TYPE.field, kind);
  if ('float' in value) type(ATTRIBUTE_TYPE.float).float(ATTRIBUTE.float, value.float);
  else if ('integer' in value)
    type(ATTRIBUTE_TYPE.integer).integer(ATTRIBUTE.integer, value.integer);
  else if ('string' in value) type(ATTRIBUTE_TYPE.string).string(ATTRIBUTE.string, value.string);
  else if ('floats' in value) type(ATTRIBUTE_TYPE.floats).floats(ATTRIBUTE.floats, value.floats);
  else if ('integers' in value)
    type(ATTRIBUTE_TYPE.integers).integers(ATTRIBUTE.integers, value.integers);
  else {
    type(ATTRIBUTE_TYPE.strings);
    for (const text of value.strings) writer.string(ATTRIBUTE.strings, text);
  }
}

/** TensorProto. */
export function writeTensor(writer: ProtoWriter, tensor: TensorConstant): void {
  writer
    .integers(TENSOR.dims, tensor.dims)
    .integer(TENSOR.type, ELEMENT_TYPE[tensor.type])
    .string(TENSOR.name, tensor.name);
  if (tensor.type !== 'string') writer.bytes(TENSOR.raw, littleEndian(tensor));
  else for (const text of tensor.values) writer.string(TENSOR.strings, text);
}

function littleEndian(tensor: Exclude<TensorConstant, { type: 'string' }>): Uint8Array {
  const width = tensor.type === 'float' ? 4 : 8;
  const view = new DataView(new ArrayBuffer(tensor.values.length * width));
  for (let i = 0; i < tensor.values.length; i++) {
    const value = tensor.values[i]!;
    if (tensor.type === 'float') view.setFloat32(i * 4, value, true);
    else if (tensor.type === 'double') view.setFloat64(i * 8, value, true);
    else view.setBigInt64(i * 8, BigInt(value), true);
  }
  return new Uint8Array(view.buffer);
}

/** ValueInfoProto > TypeProto > Tensor > TensorShapeProto > Dimension. */
export function writeValue(writer: ProtoWriter, value: GraphValue): void {
  writer.string(1, value.name).message(2, (type) => {
    type.message(1, (tensor) => {
      tensor.integer(1, ELEMENT_TYPE[value.type]).message(2, (shape) => {
        for (const dim of value.dims)
          shape.message(1, (inner) => {
            if (typeof dim === 'string') inner.string(2, dim);
            else inner.integer(1, dim);
          });
      });
    });
  });
}
