import { CommanderError } from 'commander';
import { AppError, type AppErrorCode } from '../kernel/error.js';
import { isConnectionLost, reasonOf } from '../plant/connection.js';

/** 0 done, 1 failed, 2 wrong usage, 3 cannot reach what it needs. */
export type ExitCode = 0 | 1 | 2 | 3;

const CODES: Partial<Record<AppErrorCode, ExitCode>> = {
  INVALID: 2,
  CONFIGURATION: 2,
  UNAVAILABLE: 3,
  UNAUTHENTICATED: 3,
};

/** The exit code and the sentence for whatever ended a command; `debug` adds where a fault of our own happened. */
export function explainExit(
  error: unknown,
  debug = false,
): { code: ExitCode; message: string | null } {
  if (error instanceof CommanderError) return { code: error.exitCode === 0 ? 0 : 2, message: null }; // commander has printed it
  if (error instanceof AppError) return { code: CODES[error.code] ?? 1, message: error.message };
  if (isConnectionLost(error))
    return {
      code: 3,
      message: `the database went away (${reasonOf(error)}): run the same command again, what was done stays done`,
    };
  if (debug && error instanceof Error) return { code: 1, message: error.stack ?? error.message };
  // what the system refuses (no space, no permission) names the file, and is no fault of ours
  if (error instanceof Error && 'syscall' in error) return { code: 1, message: error.message };
  return {
    code: 1,
    message: `${reasonOf(error)} (a fault of Augury: AUGURY_LOG_LEVEL=debug shows where)`,
  };
}
