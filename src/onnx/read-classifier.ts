import type { Classifier } from '../numeric/classifier.js';
import { classifierFromText } from './classifier-text.js';
import { readMetadata } from './graph.js';
import { CLASSIFIER_KEY } from './write-classifier.js';

/**
 * The classifier that `writeClassifier` stored in the file, bit for bit; null for a file of another origin.
 * @throws RangeError when the bytes are not an ONNX file, or the classifier in it contradicts itself
 */
export function readClassifier(bytes: Uint8Array): Classifier | null {
  const text = readMetadata(bytes, CLASSIFIER_KEY);
  return text === null ? null : classifierFromText(text);
}
