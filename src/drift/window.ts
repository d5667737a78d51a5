/** Customers with an id over `after`, up to `until`. */
export interface Stretch {
  after: number;
  until: number;
}

/** Who counts as being in a window [from, until). */
export interface WindowRule {
  from: Date;
  until: Date;
  /** Those with an event of these types in it; null: with any event, or registered in it. */
  eventTypes: readonly string[] | null;
}

/** Outcomes of a window, one a customer. */
export interface LabelCount {
  rows: number;
  positive: number;
}

/** A score whose outcome is known. */
export interface LabelledScore {
  /** Whether it was at or above its threshold. */
  called: boolean;
  positive: boolean;
}
