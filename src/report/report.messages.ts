import { z } from 'zod';

/** `job.input` of a REPORT job. */
export const reportJobInput = z.object({ date: z.iso.date() });

/** `job.result` of a REPORT job. */
export const reportJobResult = z.object({ dailyReportId: z.uuid(), date: z.iso.date() });
export type ReportJobResult = z.infer<typeof reportJobResult>;
