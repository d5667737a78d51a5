import type { Log } from '../../src/plant/ports.js';

/** A log that keeps what was written, for tests that ask for it. */
export interface KeptLog extends Log {
  readonly lines: { level: string; fields: object; message: string }[];
}

/** Writes nothing to the terminal. */
export function keptLog(): KeptLog {
  const lines: KeptLog['lines'] = [];
  const keep =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push({ level, fields, message });
    };
  return {
    lines,
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
  };
}
