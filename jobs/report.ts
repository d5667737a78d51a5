import { processJob } from '../src/job/process-job.js';
import type { RunJobDeps } from '../src/job/run-job.js';
import type { Delivery } from '../src/plant/ports.js';
import { writeDailyReport, type WriteDailyReportDeps } from '../src/report/write-daily-report.js';

/** Queue `report`: REPORT jobs. */
export function reportProcessor(
  run: RunJobDeps,
  deps: WriteDailyReportDeps,
): (delivery: Delivery) => Promise<void> {
  return processJob(run, writeDailyReport(deps));
}
