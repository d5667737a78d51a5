import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { AppError } from '../kernel/error.js';
import type { CheckAnswer } from './model-checker.js';
import { examineModel, type ModelFile } from './examine-model.js';

// Whoever has to go when memory is short: this process first, and it never takes a turn from those that answer.
try {
  writeFileSync('/proc/self/oom_score_adj', '1000');
} catch {
  // other systems have no such file
}
os.setPriority(os.constants.priority.PRIORITY_LOW);

process.once('message', (file: ModelFile) => {
  void answer(file).then((message) => process.send?.(message));
});
process.once('disconnect', () => process.exit(0));

async function answer(file: ModelFile): Promise<CheckAnswer> {
  try {
    return { kind: 'taken', model: await examineModel(file) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'refused', reason, known: error instanceof AppError };
  }
}
