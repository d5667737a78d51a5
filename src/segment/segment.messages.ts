import { z } from 'zod';
import { clusterAlgorithms } from './segmentation-spec.js';

const whole = (min: number, max: number): z.ZodNumber => {
  const error = `must be a whole number ${min}..${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
};
const EPS = 'must be above 0 and finite';
const LABELS = 'must be 1..200 characters';
const ALGORITHMS = `must be one or more of ${clusterAlgorithms.join(', ')}`;

/** Input of a SEGMENT job; instants are pinned when it is asked for, so that a second attempt does the same. */
export const segmentJobInput = z.discriminatedUnion('kind', [
  /** Finds segments anew and registers a version. */
  z.strictObject({
    kind: z.literal('RUN'),
    key: z.string(),
    asOf: z.iso.datetime(),
    algorithms: z.array(z.enum(clusterAlgorithms, { error: ALGORITHMS })).min(1, {
      error: ALGORITHMS,
    }),
    minK: whole(2, 50),
    maxK: whole(2, 50),
    seed: whole(0, 0xffff_ffff),
    /** `name@version`, in order. */
    features: z.array(z.string()).min(1),
    makeLive: z.boolean(),
    /** A profile attribute whose values the segments are compared with; null: none. */
    labels: z.string().min(1, LABELS).max(200, LABELS).nullable().default(null),
    /** In place of the recipe's; null: as the recipe says. */
    dbscanEps: z.number({ error: EPS }).positive(EPS).nullable().default(null),
    dbscanMinPoints: whole(2, 1_000).nullable().default(null),
  }),
  /** Puts everybody into the segments of the live version. */
  z.strictObject({ kind: z.literal('ASSIGN'), key: z.string(), asOf: z.iso.datetime() }),
]);
export type SegmentJobInput = z.infer<typeof segmentJobInput>;

/** Result of a SEGMENT job of either kind: the version that was made, or that everybody was put into. */
export const segmentJobResult = z.looseObject({ modelVersionId: z.uuid() });

/** Bus topic: customers of a segmentation moved. */
export function segmentTopic(modelId: string): string {
  return `segment:${modelId}`;
}
/** Ids of rows of `segment_membership` that were begun; at most 300 a message. */
export const segmentMovesMessage = z.object({ ids: z.array(z.int().positive()).max(300) });
export type SegmentMoves = z.infer<typeof segmentMovesMessage>;
