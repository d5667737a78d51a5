import type { Clusterer } from '../numeric/clusterer.js';
import { clustererFromText } from './clusterer-text.js';
import { readMetadata } from './graph.js';
import { CLUSTERER_KEY } from './write-clusterer.js';

/**
 * The clusterer that `writeClusterer` stored in the file, bit for bit; null for a file of another origin.
 * @throws RangeError when the bytes are not an ONNX file, or the clusterer in it contradicts itself
 */
export function readClusterer(bytes: Uint8Array): Clusterer | null {
  const text = readMetadata(bytes, CLUSTERER_KEY);
  return text === null ? null : clustererFromText(text);
}
