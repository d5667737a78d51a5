import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtoWriter, readProto } from '../../src/onnx/protobuf.js';

const hex = (writer: ProtoWriter): string => Buffer.from(writer.finish()).toString('hex');

describe('ProtoWriter', () => {
  it("writes the encoding guide's own examples", () => {
    // protobuf.dev/programming-guides/encoding: Test1 {a: 150}, Test2 {b: "testing"}, Test3 {c: {a: 150}}, Test4 {d: "hello", e: [1, 2, 3]}
    expect(hex(new ProtoWriter().integer(1, 150))).toBe('089601');
    expect(hex(new ProtoWriter().string(2, 'testing'))).toBe('120774657374696e67');
    expect(hex(new ProtoWriter().message(3, (inner) => inner.integer(1, 150)))).toBe('1a03089601');
    expect(hex(new ProtoWriter().string(4, 'hello').integers(6, [3, 270, 86942]))).toBe(
      '220568656c6c6f3206038e029ea705',
    );
  });

  it('writes -1 as ten bytes of 64-bit two’s complement', () => {
    expect(hex(new ProtoWriter().integer(1, -1))).toBe('08ffffffffffffffffff01');
    expect(hex(new ProtoWriter().integer(1, -150))).toBe('08eafeffffffffffffff01');
  });

  it('writes floats little-endian, single and packed', () => {
    expect(hex(new ProtoWriter().float(2, 1))).toBe('150000803f');
    expect(hex(new ProtoWriter().floats(7, [1, -2]))).toBe('3a080000803f000000c0');
  });

  it('refuses what is not a safe integer', () => {
    expect(() => new ProtoWriter().integer(1, 0.5)).toThrow('not a safe integer: 0.5');
    expect(() => new ProtoWriter().integers(1, [2 ** 60])).toThrow(RangeError);
  });
});

describe('readProto', () => {
  it('reads back any fields in order', () => {
    const field = fc.record({
      field: fc.integer({ min: 1, max: 2 ** 20 }),
      value: fc.oneof(fc.maxSafeNat(), fc.uint8Array({ maxLength: 3000 })),
    });
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
        const writer = new ProtoWriter();
        for (const { field: number, value } of fields)
          if (typeof value === 'number') writer.integer(number, value);
          else writer.bytes(number, value);
        const read = [...readProto(writer.finish())].map((part, i) => ({
          field: part.field,
          value: typeof fields[i]?.value === 'number' ? part.integer : Uint8Array.from(part.bytes),
        }));
        expect(read).toEqual(fields.map((f) => ({ ...f })));
      }),
    );
  });

  it('refuses a message that is cut off anywhere inside a field', () => {
    const whole = new ProtoWriter().string(2, 'testing').finish();
    for (let length = 1; length < whole.length; length++)
      expect(() => [...readProto(whole.subarray(0, length))]).toThrow(RangeError);
  });

  it('ends with a RangeError or an answer on any bytes, never in a loop', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          return [...readProto(bytes)].length <= bytes.length;
        } catch (error) {
          return error instanceof RangeError;
        }
      }),
    );
  });
});
