export type ExperimentStatus = 'DRAFT' | 'RUNNING' | 'STOPPED' | 'CONCLUDED';

/** One arm: a version of the experiment's model, or a treatment with any payload. */
export interface Variant {
  key: string;
  /** Above 0; shares are weight / sum of weights. */
  weight: number;
  control: boolean;
  modelVersionId: string | null;
  payload: Readonly<Record<string, unknown>>;
}

/** A randomised comparison of arms over customers. */
export interface Experiment {
  /** uuid v7. */
  id: string;
  /** Part of the hash that assigns: never changes. */
  key: string;
  hypothesis: string;
  status: ExperimentStatus;
  /** Set where arms are versions of this model. */
  modelId: string | null;
  /** In the order given: the hash is dealt out in it. Two at least, one of them the control. */
  variants: readonly Variant[];
  /** Share of the customers who take part, above 0, at most 1. */
  trafficShare: number;
  /** Share of all customers who are in no experiment that holds out, 0 to below 1. */
  holdoutShare: number;
  primaryMetric: string;
  guardrails: readonly string[];
  /** Metrics of which less is better. */
  lowerIsBetter: readonly string[];
  /** Users an arm must have before anything is said of it. */
  minimumUsers: number;
  /** Days before the first exposure that CUPED looks at; 0: none. */
  prePeriodDays: number;
  startsAt: Date;
  endsAt: Date;
  startedAt: Date | null;
  stoppedAt: Date | null;
  concludedAt: Date | null;
  /** Key of a variant. */
  winner: string | null;
  createdAt: Date;
  createdBy: string;
}

/** A customer in an arm. */
export interface Assignment {
  experimentId: string;
  userId: number;
  variantKey: string;
  source: 'HASH' | 'IMPORT';
  assignedAt: Date;
  exposures: number;
  lastExposedAt: Date;
}

/**
 * A customer is told the arm while the answer is made, a moment after the instant it is asked as of: a prediction as of so
 * long before the exposure is the arm's doing.
 */
export const EXPOSED_WITHIN_MS = 60_000;

/** What can happen to an experiment. */
export type ExperimentEvent = 'START' | 'STOP' | 'CONCLUDE';

/** The whole state machine; what is not listed is refused. */
export const EXPERIMENT_TRANSITIONS: Record<
  ExperimentStatus,
  Partial<Record<ExperimentEvent, ExperimentStatus>>
> = {
  DRAFT: { START: 'RUNNING' },
  RUNNING: { STOP: 'STOPPED', CONCLUDE: 'CONCLUDED' },
  STOPPED: { START: 'RUNNING', CONCLUDE: 'CONCLUDED' },
  CONCLUDED: {},
};

/** Whether customers are assigned and exposed at that instant: running, and inside its window. */
export function isLive(
  { status, startsAt, endsAt }: Pick<Experiment, 'status' | 'startsAt' | 'endsAt'>,
  at: Date,
): boolean {
  return status === 'RUNNING' && at >= startsAt && at < endsAt;
}

/** The control arm. @throws Error when there is none: the input was not checked */
export function controlOf({ key, variants }: Pick<Experiment, 'key' | 'variants'>): Variant {
  const control = variants.find((variant) => variant.control);
  if (!control) throw new Error(`experiment ${key} has no control`);
  return control;
}

/** `what` of an entry in the log of changes that tells of kept results; the experiment's row is as it was. */
export const LOOK = 'look';
