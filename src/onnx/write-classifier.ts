import type { Classifier } from '../numeric/classifier.js';
import { checkClassifier } from './check-classifier.js';
import { blendPart, singlePart } from './classifier-parts.js';
import { classifierToText } from './classifier-text.js';
import type { OnnxModel } from './graph.js';
import { encodeModel } from './graph.js';

/** Where the file keeps the classifier itself, for explanations and for a second opinion. */
export const CLASSIFIER_KEY = 'augury.classifier';

/**
 * The whole classifier as one ONNX file (IR 10, ai.onnx 21, ai.onnx.ml 3). Inputs are raw:
 * `numeric` float [N, Fn] with NaN for missing, `categorical` string [N, Fc] with '' for missing; an input
 * without columns is left out. Outputs: `margin` float [N, 1] in log-odds and `probability` float [N, 1].
 * N = 0 is answered. The classifier travels along in the metadata, see `readClassifier`.
 * @throws RangeError when the classifier contradicts itself, has no inputs, or holds NaN
 */
export function writeClassifier(classifier: Classifier): Uint8Array {
  checkClassifier(classifier);
  const { encoding } = classifier;
  const parts =
    classifier.kind === 'blend'
      ? blendPart(classifier, 'margin')
      : singlePart(classifier, '', 'margin');
  const model: OnnxModel = {
    irVersion: 10,
    producer: 'augury',
    name: `augury_${classifier.kind}`,
    description: 'Binary classifier on raw feature values; NaN and the empty string mean missing.',
    opsets: { '': 21, 'ai.onnx.ml': 3 },
    nodes: [...parts.nodes, { op: 'Sigmoid', inputs: ['margin'], outputs: ['probability'] }],
    constants: parts.constants,
    inputs: [
      { name: 'numeric', type: 'float' as const, dims: ['N', encoding.numericNames.length] },
      {
        name: 'categorical',
        type: 'string' as const,
        dims: ['N', encoding.categoricalNames.length],
      },
    ].filter((input) => input.dims[1] !== 0),
    outputs: [
      { name: 'margin', type: 'float', dims: ['N', 1] },
      { name: 'probability', type: 'float', dims: ['N', 1] },
    ],
    metadata: { [CLASSIFIER_KEY]: classifierToText(classifier) },
  };
  return encodeModel(model);
}
