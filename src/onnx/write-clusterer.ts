import { clustererInputs, type Clusterer } from '../numeric/clusterer.js';
import { checkClusterer } from './check-clusterer.js';
import { membershipPart } from './clusterer-parts.js';
import { clustererToText } from './clusterer-text.js';
import { encodeModel } from './graph.js';

/** Where the file keeps the clusterer itself, for reasons and for a second opinion. */
export const CLUSTERER_KEY = 'augury.clusterer';

/**
 * The whole clusterer as one ONNX file (IR 10, ai.onnx 21, ai.onnx.ml 3), double inside. Inputs are raw, as those of
 * `writeClassifier`: `numeric` float [N, Fn] with NaN for missing, `categorical` string [N, Fc] with '' for missing; an
 * input without columns is left out. Outputs: `probability` and `distance` float [N, segments], and `segment` int64 [N],
 * the most probable one, the lower number where two are equal. Distances beyond the range of float are its largest
 * number. N = 0 is answered. The clusterer travels along in the metadata, see `readClusterer`.
 * @throws RangeError when the clusterer contradicts itself, has no inputs, or holds NaN
 */
export function writeClusterer(clusterer: Clusterer): Uint8Array {
  checkClusterer(clusterer);
  const { numericNames, categoricalNames } = clustererInputs(clusterer);
  const { segments } = clusterer;
  return encodeModel({
    irVersion: 10,
    producer: 'augury',
    name: `augury_${clusterer.kind}`,
    description: 'Segmentation of raw feature values; NaN and the empty string mean missing.',
    opsets: { '': 21, 'ai.onnx.ml': 3 },
    ...membershipPart(clusterer),
    inputs: [
      { name: 'numeric', type: 'float' as const, dims: ['N', numericNames.length] },
      { name: 'categorical', type: 'string' as const, dims: ['N', categoricalNames.length] },
    ].filter((input) => input.dims[1] !== 0),
    outputs: [
      { name: 'probability', type: 'float', dims: ['N', segments] },
      { name: 'distance', type: 'float', dims: ['N', segments] },
      { name: 'segment', type: 'int64', dims: ['N'] },
    ],
    metadata: { [CLUSTERER_KEY]: clustererToText(clusterer) },
  });
}
