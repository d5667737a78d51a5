import { createHash } from 'node:crypto';
import type { Classifier } from '../../src/numeric/classifier.js';
import { writeClassifier } from '../../src/onnx/write-classifier.js';
import type { Log } from '../../src/plant/ports.js';
import type { ScorerModel } from '../../src/scorer/ports.js';

/** Bytes under their own name. */
export function modelOf(bytes: Uint8Array): ScorerModel {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes };
}

export function scorerModel(classifier: Classifier): ScorerModel {
  return modelOf(writeClassifier(classifier));
}

/** A log that keeps what it is told. */
export function listLog(): Log & { lines: { level: string; fields: object; message: string }[] } {
  const lines: { level: string; fields: object; message: string }[] = [];
  const keep = (level: string) => (fields: object, message: string) => {
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
