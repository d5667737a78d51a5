import { z } from 'zod';
import { QUALITY_STATUSES } from './quality.js';
import { QUALITY_TABLES } from './table.js';

/** Input of a QUALITY job: the tables to look at. */
export const qualityJobInput = z.object({ tables: z.array(z.enum(QUALITY_TABLES)).min(1) });

/** Result of a QUALITY job. */
export const qualityJobResult = z.object({
  scanIds: z.array(z.uuid()),
  /** The worst of them. */
  status: z.enum(QUALITY_STATUSES),
  rows: z.number(),
  seconds: z.number(),
});
export type QualityJobResult = z.infer<typeof qualityJobResult>;

/** Bus topic of finished scans; who reads it reads the scans. */
export const QUALITY_TOPIC = 'quality';
export const qualityScannedMessage = z.object({
  scanIds: z.array(z.uuid()),
  /** The worst of them. */
  status: z.enum(QUALITY_STATUSES),
});
export type QualityScanned = z.infer<typeof qualityScannedMessage>;
