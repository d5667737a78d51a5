/** What really happened to a user, as told by a caller or a file. */
export interface OutcomeRow {
  /** External id of the user; may be left out with a `predictionId`. */
  user?: string | null;
  /** Name of the model it is a label for; may be left out with a `predictionId`. */
  model?: string | null;
  at: Date;
  positive: boolean;
  source: string;
  /** The prediction it answers, when known. */
  predictionId?: number | null;
}

/** A stored outcome. */
export interface Outcome {
  modelId: string;
  userId: number;
  at: Date;
  positive: boolean;
  source: string;
}

/** Customers of a device whose label is known, and those of them whose latest one is positive. */
export interface LinkedPositives {
  known: number;
  positive: number;
}
