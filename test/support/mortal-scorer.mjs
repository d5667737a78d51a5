/**
 * Loaded before the program (`NODE_OPTIONS=--import`): SIGUSR2 ends every scorer thread of the process, and each
 * that is started in its place, until the next SIGUSR2. The program knows nothing of it.
 */
import { syncBuiltinESMExports } from 'node:module';
import threads from 'node:worker_threads';

if (threads.isMainThread) {
  const { Worker } = threads;
  const scorers = new Set();
  let dying = false;
  threads.Worker = class extends Worker {
    constructor(file, options) {
      const isScorer = String(file).includes('scorer.worker');
      if (isScorer && dying) super('process.exit(7)', { eval: true });
      else super(file, options);
      if (!isScorer) return;
      scorers.add(this);
      this.once('exit', () => scorers.delete(this));
    }
  };
  syncBuiltinESMExports();
  process.on('SIGUSR2', () => {
    dying = !dying;
    if (dying) for (const scorer of scorers) void scorer.terminate();
  });
}
