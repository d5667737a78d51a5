import { createHash } from 'node:crypto';
import type { Classifier } from '../../src/numeric/classifier.js';
import { isClusterer, type Clusterer } from '../../src/numeric/clusterer.js';
import { writeClassifier } from '../../src/onnx/write-classifier.js';
import { writeClusterer } from '../../src/onnx/write-clusterer.js';
import type { Log } from '../../src/plant/ports.js';
import type { ScorerModel } from '../../src/scorer/ports.js';

/** Bytes under their own name. */
export function modelOf(bytes: Uint8Array): ScorerModel {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes };
}

export function scorerModel(artifact: Classifier | Clusterer): ScorerModel {
  return modelOf(isClusterer(artifact) ? writeClusterer(artifact) : writeClassifier(artifact));
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
