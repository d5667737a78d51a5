import { auditStore } from './access/audit.store.js';
import type { composeJobs, Plant } from './compose-models.js';
import { uuidv7 } from './kernel/uuid.js';
import type { DayFigures } from './report/daily-report.js';
import { dayFiguresStore } from './report/day-figures.store.js';
import { reportStore } from './report/report.store.js';
import {
  requestMissedReports,
  requestReport,
  type TellDayDeps,
  type WriteDailyReportDeps,
} from './report/write-daily-report.js';
import { countedKeys } from './segment/live/distribution.store.js';
import { diversityOf, STANDARD_SEGMENTATION, type SegmentServing } from './segment/segmentation.js';

export interface ReportParts {
  plant: Pick<Plant, 'db' | 'clock'>;
  jobs: Pick<ReturnType<typeof composeJobs>, 'once'>;
  segmentations: { serving: Pick<SegmentServing, 'current' | 'refresh'> };
}

/** Daily reports for every process: reading, asking for, and the work of a REPORT job. */
export function composeReportWork({ plant, jobs, segmentations }: ReportParts) {
  const { db, clock } = plant;
  const wall = (): Date => clock.wall();
  const store = reportStore(db, auditStore);
  const happened = dayFiguresStore(db);
  const segmented = liveSegmentation(plant, segmentations.serving);
  const telling: TellDayDeps = {
    figuresOf: async (window) => {
      const [figures, segmentation] = await Promise.all([happened(window), segmented()]);
      return { ...figures, segmentation };
    },
    wall,
  };
  const work: WriteDailyReportDeps = { ...telling, newId: () => uuidv7(wall()), save: store.save };
  const request = requestReport(jobs.once);
  return {
    store,
    telling,
    /** What `reportProcessor` works with. */
    work,
    request,
    /** Upkeep: asks for yesterday's report and for those of days that were missed. */
    askForReports: requestMissedReports({ lastDay: store.lastDay, request, wall }),
  };
}

/** How evenly the customers lie in the live segmentation: now, or as when it was made while nobody is in it yet. */
function liveSegmentation(
  { db }: ReportParts['plant'],
  serving: ReportParts['segmentations']['serving'],
): () => Promise<DayFigures['segmentation']> {
  const counted = countedKeys(db);
  return async () => {
    await serving.refresh();
    const live = serving.current(STANDARD_SEGMENTATION);
    if (!live) return null;
    const now = (await counted(live.model.id)).map(({ count }) => count);
    const made = live.report.segments.map(({ size }) => size);
    const sizes = (now.some((size) => size > 0) ? now : made).filter((size) => size > 0);
    const { name: key } = live.model;
    const { version } = live.version;
    return { key, version, clusters: sizes.length, diversity: diversityOf(sizes) };
  };
}
