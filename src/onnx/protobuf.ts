const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/**
 * Writes protocol-buffer messages (the wire format only; ONNX needs no more). Fields are written in
 * call order; repeated numbers are packed. Memory grows by doubling; `finish` copies once.
 * Source: protobuf.dev/programming-guides/encoding.
 */
export class ProtoWriter {
  private buffer = new Uint8Array(1024);
  private view = new DataView(this.buffer.buffer);
  private length = 0;

  /** A safe integer as int32, int64, bool or enum. */
  integer(field: number, value: number): this {
    this.varint(field * 8 + VARINT);
    this.varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.varint(field * 8 + FIXED32);
    this.reserve(4);
    this.view.setFloat32(this.length, value, true);
    this.length += 4;
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.varint(field * 8 + LENGTH);
    this.varint(value.length);
    this.raw(value);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'));
  }

  integers(field: number, values: ArrayLike<number>): this {
    const packed = new ProtoWriter();
    for (let i = 0; i < values.length; i++) packed.varint(values[i]!);
    return this.bytes(field, packed.finish());
  }

  floats(field: number, values: ArrayLike<number>): this {
    this.varint(field * 8 + LENGTH);
    this.varint(values.length * 4);
    this.reserve(values.length * 4);
    for (let i = 0; i < values.length; i++) {
      this.view.setFloat32(this.length, values[i]!, true);
      this.length += 4;
    }
    return this;
  }

  /** Fields that are encoded already. */
  verbatim(encoded: Uint8Array): this {
    this.raw(encoded);
    return this;
  }

  message(field: number, write: (inner: ProtoWriter) => void): this {
    const inner = new ProtoWriter();
    write(inner);
    return this.bytes(field, inner.buffer.subarray(0, inner.length));
  }

  finish(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }

  private raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
  }

  private varint(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`not a safe integer: ${String(value)}`);
    this.reserve(10);
    if (value < 0) {
      // Negative numbers are written as their 64-bit two's complement, always ten bytes.
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest > 127n; rest >>= 7n)
        this.buffer[this.length++] = Number(BigInt.asUintN(7, rest)) | 128;
      this.buffer[this.length++] = Number(rest);
      return;
    }
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128))
      this.buffer[this.length++] = (rest % 128) | 128;
    this.buffer[this.length++] = rest;
  }

  private reserve(extra: number): void {
    const wanted = this.length + extra;
    if (wanted <= this.buffer.length) return;
    let size = this.buffer.length * 2;
    while (size < wanted) size *= 2;
    const grown = new Uint8Array(size);
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** One field of a message: `integer` for varints, `bytes` (a view, not a copy) for everything else. */
export interface ProtoField {
  field: number;
  integer: number;
  bytes: Uint8Array;
  /** Came as a varint; an empty `bytes` is otherwise a value of no length, such as a packed list without entries. */
  isVarint: boolean;
  /** Offset behind the field in its message. */
  end: number;
}

const NO_BYTES = new Uint8Array(0);

/**
 * The fields of one message in file order; nested messages come as bytes to be read again.
 * Varints past 2^53 lose their low bits (sizes and enums do not get there).
 * @throws RangeError on input that is cut off or not a protocol buffer
 */
export function* readProto(message: Uint8Array): Generator<ProtoField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      const byte = message[at++];
      if (byte === undefined) throw new RangeError(`message cut off at byte ${String(at - 1)}`);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
    throw new RangeError(`a number longer than 10 bytes at byte ${String(at)}`);
  };
  const take = (length: number): Uint8Array => {
    if (at + length > message.length)
      throw new RangeError(
        `a field of ${String(length)} bytes at byte ${String(at)} of ${String(message.length)}`,
      );
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const wire = tag % 8;
    if (field === 0) throw new RangeError(`field number 0 at byte ${String(at)}`);
    let integer = 0;
    let bytes: Uint8Array = NO_BYTES;
    if (wire === VARINT) integer = varint();
    else if (wire === FIXED64) bytes = take(8);
    else if (wire === FIXED32) bytes = take(4);
    else if (wire === LENGTH) bytes = take(varint());
    else throw new RangeError(`unknown wire type ${String(wire)} at byte ${String(at)}`);
    yield { field, integer, bytes, isVarint: wire === VARINT, end: at };
  }
}
