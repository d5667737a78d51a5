import type { FeatureDefinition } from './feature.js';
import type { People } from './people.js';
import type { Stretch } from './placeholders.js';
import type { FeatureRows } from './read-features.js';

export interface StretchRequest extends Stretch {
  /** At most one version of a name. */
  features: readonly FeatureDefinition[];
  /** Only events before this instant count. */
  asOf: Date;
}

/** Whether the first event of the customer in a row is to be known; the row has it as missing so far. */
export type FirstEventMatters = (rows: FeatureRows & { people: People }, row: number) => boolean;

export interface StretchRows extends FeatureRows {
  /**
   * Lends the memory of `columns` and `people` to the next stretch: from here on they are not to be read. Never a must; what every
   * stretch takes anew is what the garbage collector runs for. `userIds` stay.
   */
  release?: () => void;
}

/**
 * All customers of a stretch, ids ascending, with their features and `people`, all of one moment. The first event is
 * sure to be there only of those of whom it matters.
 */
export type ReadStretch = (
  request: StretchRequest,
  matters: FirstEventMatters,
) => Promise<StretchRows>;
