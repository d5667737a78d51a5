import { userError, type UserError } from '../../kernel/error.js';

/** A file out of base64, of at most `maxBytes` bytes; or why not. */
export function decodeFile(
  base64: string,
  maxBytes: number,
): { bytes: Uint8Array } | { error: UserError } {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  const size = Math.floor(((base64.length - padding) * 3) / 4);
  if (size > maxBytes)
    return {
      error: userError('TOO_LARGE', `onnx must be at most ${maxBytes} bytes, got ${size}`, 'onnx'),
    };
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
  // The decoder passes over what is no base64: then fewer bytes come out.
  if (size === 0 || bytes.length !== size)
    return { error: userError('INVALID', 'onnx must be the file in base64', 'onnx') };
  return { bytes };
}
