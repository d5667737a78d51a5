/**
 * What ONNX Runtime says of a failure, in one line of at most 300 characters: without places in its sources, stack
 * traces, and control characters out of the file.
 */
export function nativeReason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.split('\n').find((one) => one.trim() !== '') ?? text;
  return line
    .replace(/\S*onnxruntime_src\S*:\d+ .*?\)(?: const)? (?:\S.*? was false\. )?/g, '')
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 300);
}
