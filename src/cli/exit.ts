import { CommanderError } from 'commander';
import { AppError, type AppErrorCode } from '../kernel/error.js';

/** 0 done, 1 failed, 2 wrong usage, 3 cannot reach what it needs. */
export type ExitCode = 0 | 1 | 2 | 3;

const CODES: Partial<Record<AppErrorCode, ExitCode>> = {
  INVALID: 2,
  CONFIGURATION: 2,
  UNAVAILABLE: 3,
  UNAUTHENTICATED: 3,
};

/** The exit code and the sentence for whatever ended a command. */
export function explainExit(error: unknown): { code: ExitCode; message: string | null } {
  if (error instanceof CommanderError) return { code: error.exitCode === 0 ? 0 : 2, message: null }; // commander has printed it
  if (error instanceof AppError) return { code: CODES[error.code] ?? 1, message: error.message };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 1, message };
}
