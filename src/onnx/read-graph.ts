import { readProto, type ProtoField } from './protobuf.js';

/** A constant of a graph that was read: its shape and how much of it the file holds, not its values. */
export interface ReadTensor {
  name: string;
  /** Each >= 0. */
  dims: readonly number[];
  /** `TensorProto.DataType`. */
  type: number;
  /** Elements that the file holds; of texts, how many. */
  stored: number;
  /** Its values lie in another file. */
  external: boolean;
  /** Of int64 tensors with at most 64 elements; null otherwise. */
  integers: readonly number[] | null;
}

/** An attribute of a node; arrays are not kept, but for few integers. */
export interface ReadAttribute {
  name: string;
  integer: number | null;
  string: string | null;
  /** At most 64; null for longer ones. */
  integers: readonly number[] | null;
  tensors: readonly ReadTensor[];
  /** Holds a graph of its own, as Loop and If do, or a sparse tensor, or a type. */
  foreign: 'subgraph' | 'sparse tensor' | 'type' | null;
  /** Refers to an attribute of a function. */
  reference: boolean;
}

export interface ReadNode {
  name: string;
  op: string;
  /** '' stands for ai.onnx too. */
  domain: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: readonly ReadAttribute[];
  /** NodeProto as in the file. */
  bytes: Uint8Array;
}

/** A named input or output. `dims`: a number, a name, or null where the file does not say; null without a shape. */
export interface ReadValue {
  name: string;
  kind: 'tensor' | 'sequence' | 'other';
  /** `TensorProto.DataType` of a tensor; 0 for the rest. */
  type: number;
  dims: readonly (number | string | null)[] | null;
}

/** An ONNX file taken apart, with the bytes of each part. */
export interface ReadModel {
  irVersion: number;
  producer: string;
  opsets: ReadonlyMap<string, number>;
  functions: number;
  trainings: number;
  metadata: ReadonlyMap<string, string>;
  nodes: readonly ReadNode[];
  constants: readonly (ReadTensor & { bytes: Uint8Array })[];
  sparseConstants: number;
  /** Without those that a constant fills. */
  inputs: readonly ReadValue[];
  outputs: readonly ReadValue[];
}

/** Nodes of a graph at most: some thousand come out of the largest models of tables. */
const MOST_NODES = 50_000;
const KEPT_INTEGERS = 64;

/**
 * Takes an ONNX file apart without running anything.
 * @throws RangeError when the bytes are not an ONNX model, naming what is wrong with them
 */
export function readModel(file: Uint8Array): ReadModel {
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  const graphs: Uint8Array[] = [];
  let irVersion = 0;
  let producer = '';
  let functions = 0;
  let trainings = 0;
  for (const field of readProto(file)) {
    if (field.field === 1) irVersion = field.integer;
    else if (field.field === 2) producer = textOf(field.bytes);
    else if (field.field === 7) graphs.push(field.bytes);
    else if (field.field === 8) readOpset(field.bytes, opsets);
    else if (field.field === 14) readEntry(field.bytes, metadata);
    else if (field.field === 20) trainings++;
    else if (field.field === 25) functions++;
  }
  const [graph] = graphs;
  if (!graph || graphs.length > 1)
    throw new RangeError(`an ONNX file holds one graph, this one ${String(graphs.length)}`);
  const head = { irVersion, producer, opsets, functions, trainings, metadata };
  return { ...head, ...readGraph(graph) };
}

/** Element counts a tensor's shape asks for; 1 for a scalar. */
export function elementsOf({ dims }: Pick<ReadTensor, 'dims'>): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

type ReadGraph = Pick<ReadModel, 'nodes' | 'constants' | 'sparseConstants' | 'inputs' | 'outputs'>;

function readGraph(bytes: Uint8Array): ReadGraph {
  const nodes: ReadNode[] = [];
  const constants: (ReadTensor & { bytes: Uint8Array })[] = [];
  const inputs: ReadValue[] = [];
  const outputs: ReadValue[] = [];
  let sparseConstants = 0;
  for (const field of readProto(bytes)) {
    if (field.field === 1) nodes.push(readNode(field.bytes));
    else if (field.field === 5) constants.push({ ...readTensor(field.bytes), bytes: field.bytes });
    else if (field.field === 11) inputs.push(readValue(field.bytes));
    else if (field.field === 12) outputs.push(readValue(field.bytes));
    else if (field.field === 15) sparseConstants++;
    if (nodes.length > MOST_NODES)
      throw new RangeError(`a graph may hold ${String(MOST_NODES)} nodes, this one holds more`);
  }
  // Files of IR 3 and older list their constants among the inputs.
  const filled = new Set(constants.map(({ name }) => name));
  const open = inputs.filter(({ name }) => !filled.has(name));
  return { nodes, constants, sparseConstants, inputs: open, outputs };
}

function readNode(bytes: Uint8Array): ReadNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: ReadAttribute[] = [];
  const head = { name: '', op: '', domain: '' };
  for (const { field, bytes: value } of readProto(bytes)) {
    if (field === 1) inputs.push(textOf(value));
    else if (field === 2) outputs.push(textOf(value));
    else if (field === 3) head.name = textOf(value);
    else if (field === 4) head.op = textOf(value);
    else if (field === 5) attributes.push(readAttribute(value));
    else if (field === 7) head.domain = textOf(value);
  }
  const domain = head.domain === 'ai.onnx' ? '' : head.domain;
  return { ...head, domain, inputs, outputs, attributes, bytes };
}

function readAttribute(bytes: Uint8Array): ReadAttribute {
  let name = '';
  let integer: number | null = null;
  let string: string | null = null;
  let foreign: ReadAttribute['foreign'] = null;
  let reference = false;
  const integers: number[] = [];
  const tensors: ReadTensor[] = [];
  for (const field of readProto(bytes)) {
    const { field: number, bytes: value } = field;
    if (number === 1) name = textOf(value);
    else if (number === 3) integer = signed(field.integer);
    else if (number === 4) string = textOf(value.subarray(0, 4096));
    else if (number === 5 || number === 10) tensors.push(readTensor(value));
    else if (number === 6 || number === 11) foreign = 'subgraph';
    else if (number === 22 || number === 23) foreign ??= 'sparse tensor';
    else if (number === 14 || number === 15) foreign ??= 'type';
    else if (number === 8) pushIntegers(integers, field);
    else if (number === 21) reference = true;
  }
  const few = integers.length > 0 && integers.length <= KEPT_INTEGERS ? integers : null;
  return { name, integer, string, integers: few, tensors, foreign, reference };
}

/** Values lie in one of the typed fields, or as raw bytes. */
function readTensor(bytes: Uint8Array): ReadTensor {
  const dims: number[] = [];
  const longs: number[] = [];
  let type = 0;
  let name = '';
  let external = false;
  let raw: Uint8Array | null = null;
  let counted = 0;
  for (const field of readProto(bytes)) {
    const { field: number, bytes: value } = field;
    if (number === 1) pushIntegers(dims, field, 4096);
    else if (number === 2) type = field.integer;
    else if (number === 8) name = textOf(value);
    else if (number === 9) raw = value;
    else if (number === 13) external = true;
    else if (number === 14) external ||= field.integer === 1;
    else if (number === 4) counted += value.length / 4;
    else if (number === 10) counted += value.length / 8;
    else if (number === 6) counted++;
    else if (number === 5 || number === 7 || number === 11) {
      counted += field.isVarint ? 1 : varintsIn(value);
      if (number === 7) pushIntegers(longs, field);
    }
  }
  if (dims.some((dim) => dim < 0 || !Number.isSafeInteger(dim)))
    throw new RangeError(`constant "${name}" has the shape [${dims.join(', ')}]`);
  const stored = raw ? raw.length / widthOf(type) : counted;
  const few = elementsOf({ dims }) <= KEPT_INTEGERS;
  const integers = type === 7 && few ? (raw ? rawIntegers(raw) : longs) : null;
  return { name, dims, type, stored, external, integers };
}

function readValue(bytes: Uint8Array): ReadValue {
  const value: ReadValue = { name: '', kind: 'other', type: 0, dims: null };
  for (const { field, bytes: part } of readProto(bytes)) {
    if (field === 1) value.name = textOf(part);
    if (field !== 2) continue;
    for (const { field: kind, bytes: inner } of readProto(part)) {
      if (kind === 4) value.kind = 'sequence';
      if (kind !== 1) continue;
      value.kind = 'tensor';
      for (const { field: place, integer, bytes: shape } of readProto(inner)) {
        if (place === 1) value.type = integer;
        else if (place === 2) value.dims = readShape(shape);
      }
    }
  }
  return value;
}

function readShape(bytes: Uint8Array): (number | string | null)[] {
  return [...readProto(bytes)]
    .filter(({ field }) => field === 1)
    .map(({ bytes: dim }) => {
      for (const { field, integer, bytes: name } of readProto(dim)) {
        // 0 and below: some exporters write so what they do not know.
        if (field === 1) return signed(integer) > 0 ? integer : null;
        if (field === 2) return textOf(name);
      }
      return null;
    });
}

function readOpset(bytes: Uint8Array, opsets: Map<string, number>): void {
  let domain = '';
  let version = 0;
  for (const field of readProto(bytes)) {
    if (field.field === 1) domain = textOf(field.bytes);
    else if (field.field === 2) version = field.integer;
  }
  opsets.set(domain === 'ai.onnx' ? '' : domain, version);
}

function readEntry(bytes: Uint8Array, entries: Map<string, string>): void {
  let key = '';
  let value = '';
  for (const { field, bytes: part } of readProto(bytes)) {
    if (field === 1) key = textOf(part);
    else if (field === 2) value = textOf(part);
  }
  entries.set(key, value);
}

/** Repeated integers come one by one or packed; past the first `most` they are not kept. */
function pushIntegers(into: number[], field: ProtoField, most = KEPT_INTEGERS + 1): void {
  if (field.isVarint) {
    if (into.length < most) into.push(signed(field.integer));
    return;
  }
  let value = 0;
  let factor = 1;
  for (const byte of field.bytes) {
    if (into.length >= most) return;
    value += (byte & 127) * factor;
    factor *= 128;
    if (byte >= 128) continue;
    into.push(signed(value));
    value = 0;
    factor = 1;
  }
}

function varintsIn(packed: Uint8Array): number {
  let count = 0;
  for (const byte of packed) if (byte < 128) count++;
  return count;
}

function rawIntegers(raw: Uint8Array): number[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: Math.floor(raw.length / 8) }, (_, i) =>
    Number(view.getBigInt64(i * 8, true)),
  );
}

/** A 64-bit two's complement that was read as an unsigned number; small magnitudes come out roughly. */
function signed(value: number): number {
  return value >= 2 ** 63 ? value - 2 ** 64 || -1 : value;
}

/** Bytes of an element as raw data; 1 where the type is none we know. */
function widthOf(type: number): number {
  return ELEMENT_BYTES[type] ?? 1;
}

/** By `TensorProto.DataType`: float, uint8, int8, uint16, int16, int32, int64, bool, float16, double, uint32, uint64. */
export const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  1: 4,
  2: 1,
  3: 1,
  4: 2,
  5: 2,
  6: 4,
  7: 8,
  9: 1,
  10: 2,
  11: 8,
  12: 4,
  13: 8,
};

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}
