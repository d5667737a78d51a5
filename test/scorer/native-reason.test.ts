import { expect, it } from 'vitest';
import { nativeReason } from '../../src/scorer/native-reason.js';

const SOURCE = '/onnxruntime_src/onnxruntime/core/providers/cpu/ml/ml_common.h:95';

it.each([
  [
    `Exception during initialization: ${SOURCE} onnxruntime::ml::MakeTransform(const std::string&) Unexpected value`,
    'Exception during initialization: Unexpected value',
  ],
  [
    `${SOURCE} bool onnxruntime::Run(int) const x > 0 was false. x must be positive\n\nstack\ntrace`,
    'x must be positive',
  ],
  ['\nInvalid model. Node input \u0001\u0007b\n', 'Invalid model. Node input  b'],
  ['x'.repeat(500), 'x'.repeat(300)],
])('%j is told as %j', (said, told) => {
  expect(nativeReason(new Error(said))).toBe(told);
});
