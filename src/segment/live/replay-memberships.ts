import { AppError } from '../../kernel/error.js';
import type { SegmentationModel, ServedSegmentation } from '../segmentation.js';
import type { Assign } from './assess-users.js';
import { tableOfInputs, verdictsOf, type LoggedStay, type Verdict } from './membership.js';

export interface ReplayMembershipsDeps {
  segmentationByKey(key: string): Promise<Pick<SegmentationModel, 'id'> | null>;
  /** The newest stays, newest first. */
  newest(query: { modelId: string; first: number; beforeId: number | null }): Promise<LoggedStay[]>;
  /** Any version, loaded until `work` has ended. @throws AppError NOT_FOUND */
  useVersion<T>(id: string, work: (served: ServedSegmentation) => Promise<T>): Promise<T>;
  assign: Assign;
}

/** A stay that did not come out the same. */
export interface MembershipMismatch {
  userId: number;
  stored: string;
  /** Null where it could not be asked again. */
  replayed: string | null;
  because: string | null;
}

export interface MembershipReplay {
  checked: number;
  mismatches: number;
  /** Of a probability; null without a stay that could be asked again. */
  largestDifference: number | null;
  /** The first few, newest first. */
  examples: MembershipMismatch[];
}

export const MAX_REPLAYED_STAYS = 10_000;
/** The graph computes in float32, and how many rows share a run moves the last bits of a sum. */
export const MEMBERSHIP_TOLERANCE = 1e-6;
const PAGE = 2_000;
const EXAMPLES = 20;

/**
 * Asks the newest stays of a segmentation again, each from its logged inputs and the version that answered, and counts
 * those that do not come out the same. Reads and compares 2,000 at a time.
 * @throws AppError NOT_FOUND for an unknown segmentation, INVALID for a number out of bounds
 */
export async function replayMemberships(
  deps: ReplayMembershipsDeps,
  { segmentation, first }: { segmentation: string; first: number },
  signal: AbortSignal,
): Promise<MembershipReplay> {
  if (!Number.isInteger(first) || first < 1 || first > MAX_REPLAYED_STAYS)
    throw new AppError('INVALID', `first must be 1..${MAX_REPLAYED_STAYS}, got ${first}`);
  const model = await deps.segmentationByKey(segmentation);
  if (!model)
    throw new AppError('NOT_FOUND', `no segmentation has the key ${segmentation.slice(0, 80)}`);
  const tally: MembershipReplay = {
    checked: 0,
    mismatches: 0,
    largestDifference: null,
    examples: [],
  };
  let beforeId: number | null = null;
  while (tally.checked < first) {
    const wanted = Math.min(PAGE, first - tally.checked);
    const stays = await deps.newest({ modelId: model.id, first: wanted, beforeId });
    const verdicts = await askAgain(deps, stays, signal);
    stays.forEach((stay, at) => {
      addTo(tally, stay, verdicts[at] ?? null);
    });
    beforeId = stays.at(-1)?.id ?? null;
    if (stays.length < wanted) break;
  }
  return tally;
}

/** Of each stay what its version says now; null where the version is gone or takes other inputs. */
async function askAgain(
  deps: ReplayMembershipsDeps,
  stays: readonly LoggedStay[],
  signal: AbortSignal,
): Promise<(Verdict | null)[]> {
  const answers = stays.map((): Verdict | null => null);
  for (const versionId of new Set(stays.map(({ modelVersionId }) => modelVersionId)))
    try {
      await deps.useVersion(versionId, async (served) => {
        const { inputs, version, report } = served;
        const asked = [...stays.keys()].filter((at) => {
          const stay = stays[at];
          return (
            stay?.modelVersionId === versionId &&
            stay.inputs.numeric.length === inputs.numericNames.length &&
            stay.inputs.categorical.length === inputs.categoricalNames.length
          );
        });
        if (asked.length === 0) return;
        const table = tableOfInputs(
          inputs,
          asked.flatMap((at) => stays[at]?.inputs ?? []),
        );
        const said = await deps.assign(version.artifactSha256, table, { signal });
        verdictsOf(said, report.segments).forEach((verdict, index) => {
          answers[asked[index] ?? -1] = verdict;
        });
      });
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'NOT_FOUND')) throw error;
    }
  return answers;
}

function addTo(tally: MembershipReplay, stay: LoggedStay, verdict: Verdict | null): void {
  const { userId, key: stored, modelVersionId } = stay;
  tally.checked += 1;
  const difference = verdict ? Math.abs(verdict.probability - stay.probability) : null;
  if (difference !== null)
    tally.largestDifference = Math.max(tally.largestDifference ?? 0, difference);
  if (verdict?.key === stored && difference !== null && difference <= MEMBERSHIP_TOLERANCE) return;
  tally.mismatches += 1;
  if (tally.examples.length === EXAMPLES) return;
  tally.examples.push({
    userId,
    stored,
    replayed: verdict?.key ?? null,
    because: verdict ? null : `version ${modelVersionId} is gone or takes other inputs`,
  });
}
