/**
 * Operators of ai.onnx that a file from elsewhere may use: arithmetic on tensors, deterministic, without graphs of
 * their own (Loop, If, Scan), chance (RandomNormal, Multinomial), images, texts to be parsed, or sequences.
 */
const TENSOR_OPERATORS = `Abs Add And ArgMax ArgMin AveragePool BatchNormalization Cast CastLike Ceil Clip Concat
  Constant ConstantOfShape Conv CumSum Div Dropout Einsum Elu Equal Erf Exp Expand Flatten Floor GRU Gather
  GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual HardSigmoid HardSwish
  Hardmax Identity InstanceNormalization IsInf IsNaN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log
  LogSoftmax LpNormalization MatMul Max MaxPool Mean Min Mish Mod Mul Neg Not OneHot Or PRelu Pad Pow RNN Range
  Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
  ReduceSumSquare Relu Reshape Round ScatterElements ScatterND Selu Shape Sigmoid Sign Size Slice Softmax Softplus
  Softsign Split Sqrt Squeeze Sub Sum Swish Tanh Tile TopK Transpose Trilu Unsqueeze Where Xor`;

/** Of ai.onnx.ml: all but those on maps; ZipMap makes one and is cut off. */
const TABLE_OPERATORS = `ArrayFeatureExtractor Binarizer CategoryMapper FeatureVectorizer Imputer LabelEncoder
  LinearClassifier LinearRegressor Normalizer OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsemble
  TreeEnsembleClassifier TreeEnsembleRegressor ZipMap`;

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/** By domain; '' is ai.onnx. */
export const ALLOWED_OPERATORS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['', words(TENSOR_OPERATORS)],
  ['ai.onnx.ml', words(TABLE_OPERATORS)],
]);

/** Versions that ONNX Runtime 1.30 takes; older operator sets lack implementations. */
export const SUPPORTED_VERSIONS = {
  ir: { from: 3, to: 13 },
  '': { from: 7, to: 26 },
  'ai.onnx.ml': { from: 1, to: 5 },
} as const;
