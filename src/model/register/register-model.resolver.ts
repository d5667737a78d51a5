import { Arg, Ctx, FieldResolver, Float, Int, Mutation, Resolver, Root } from 'type-graphql';
import { authorise } from '../../graphql/authorise.js';
import type { RequestContext } from '../../graphql/context.js';
import { versionNode, type ModelVersionNode } from '../model-nodes.js';
import { ModelTask, ModelVersionPayloadType, ModelVersionType } from '../model.type.js';
import { reportOf } from '../version-report.js';
import type { RegisterRequest, RegisterResult } from './register-model.js';
import { MissingNumbers, ModelUploadType, ScoreKind } from './register-model.type.js';

/** Models that were trained elsewhere. */
@Resolver(() => ModelVersionType)
export class RegisterModelResolver {
  constructor(
    private readonly deps: {
      /** `registerModel` with its deps. */
      registerModel(request: RegisterRequest): Promise<RegisterResult>;
    },
  ) {}

  @Mutation(() => ModelVersionPayloadType, {
    description:
      'Makes a CANDIDATE version of an ONNX file that was trained elsewhere: exports of scikit-learn, XGBoost, LightGBM, PyTorch. It is checked in a process of its own, and refused with the reason.',
  })
  async registerModel(
    @Arg('name', () => String, {
      description: 'A model, or the name of a new one: lower-case letters, digits, _ and -.',
    })
    name: string,
    @Arg('task', () => ModelTask, { description: 'BINARY_CLASSIFICATION; others are refused.' })
    task: keyof typeof ModelTask,
    @Arg('onnx', () => String, {
      description: 'The file in base64; the whole body must keep within AUGURY_MAX_BODY_BYTES.',
    })
    onnx: string,
    @Arg('features', () => [String], {
      description:
        'Registered features, as name or name@version, in the order the graph takes them: numbers for its numbers, categories for its strings.',
    })
    features: string[],
    @Arg('threshold', () => Float, {
      nullable: true,
      description: 'Probability from which a row is called positive, 0..1; default 0.5.',
    })
    threshold: number | null,
    @Arg('output', () => String, {
      nullable: true,
      description: 'The output that holds the scores; default the only one that can.',
    })
    output: string | null,
    @Arg('positiveClass', () => Int, {
      nullable: true,
      description: 'Column of the positive class, from 0; default the second of two.',
    })
    positiveClass: number | null,
    @Arg('scores', () => ScoreKind, {
      nullable: true,
      description: 'What the scores are; default told by the answers to generated rows.',
    })
    scores: keyof typeof ScoreKind | null,
    @Arg('missing', () => MissingNumbers, {
      defaultValue: 'FILL',
      description: 'What becomes of a graph without an answer to missing numbers.',
    })
    missing: keyof typeof MissingNumbers,
    @Arg('comment', () => String, {
      nullable: true,
      description:
        'At most 2,000 characters; kept in the audit trail, and the description of a new model.',
    })
    comment: string | null,
    @Ctx() context: RequestContext,
  ): Promise<ModelVersionPayloadType> {
    authorise(context, 'model:write');
    const { version, userErrors } = await this.deps.registerModel({
      name,
      task,
      onnx,
      features,
      threshold: threshold ?? null,
      output: output ?? null,
      positiveClass: positiveClass ?? null,
      scores: scores ?? null,
      missing,
      comment: comment ?? null,
      actor: context.viewer.name,
    });
    return { modelVersion: version && versionNode(version), userErrors };
  }

  @FieldResolver(() => ModelUploadType, {
    nullable: true,
    description: 'The file it was made from; null for a version trained here.',
  })
  upload(@Root() { key, report }: ModelVersionNode): ModelUploadType | null {
    return reportOf({ id: key, report }).upload ?? null;
  }
}
