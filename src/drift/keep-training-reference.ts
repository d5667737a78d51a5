import type { Clock } from '../kernel/clock.js';
import { uuidv7 } from '../kernel/uuid.js';
import type { ModelVersion } from '../model/model.js';
import type { KeepReference } from '../model/train-model.js';
import { isTestRow } from '../model/train/training.js';
import { sketchReference, type DriftReference } from './reference.js';

export interface KeepTrainingReferenceDeps {
  writeReference(reference: DriftReference, model: string): Promise<void>;
  clock: Pick<Clock, 'wall'>;
}

/** Keeps the distributions of what a version was just trained on, so that a check reads the current window alone. */
export function keepTrainingReference(deps: KeepTrainingReferenceDeps): KeepReference {
  return async ({ model, version, table, probability, labels, asOf }) => {
    const at = deps.clock.wall();
    const until = version.dataUntil ?? version.trainedAt;
    await deps.writeReference(
      {
        id: uuidv7(at),
        modelVersionId: version.id,
        source: 'TRAINING',
        rows: table.rows,
        dataFrom: beginOf(version, asOf, until),
        dataUntil: until,
        sketch: await sketchReference(
          { table, probability },
          labels,
          version.threshold ?? 0.5,
          isTestRow,
        ),
        createdAt: at,
        createdBy: 'training',
      },
      model.name,
    );
  };
}

/** The first event of the customers; where they have none, the first instant they were looked at. */
function beginOf({ dataFrom }: ModelVersion, asOf: readonly Date[], until: Date): Date {
  const first = asOf.reduce((least, each) => (each < least ? each : least), until);
  const begin = dataFrom ?? first;
  return begin < until ? begin : new Date(until.getTime() - 1);
}
