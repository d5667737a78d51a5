import { setTimeout as sleep } from 'node:timers/promises';
import type { Composition } from './compose.js';
import { seedDemo, type SeedDemoResult } from './demo/seed-demo.js';
import type { Clock } from './kernel/clock.js';
import type { Config } from './plant/env.js';
import type { Log } from './plant/ports.js';

const POLL_MS = 150;
const SCORING_TIMEOUT_MS = 120_000;

interface Boot {
  config: Config;
  clock: Clock;
  log: Log;
  say: (line: string) => void;
  stopped: AbortSignal;
}

/**
 * Fills an empty database with the demo population and has everyone scored, so that the first question has an
 * answer. Distributions and the report on the data are asked for and not waited for.
 */
export async function seedInstallation(composition: Composition, boot: Boot): Promise<void> {
  const { config, clock, say, log } = boot;
  if (!config.demo) return;
  let told = false;
  const demo = await seedDemo(composition.demo, {
    now: clock.now(),
    onProgress: (share) => {
      boot.stopped.throwIfAborted();
      if (!told) say('an empty database: filling it with a demo shop of 5,000 made-up customers …');
      told = true;
      log.debug({ share }, 'demo');
    },
  });
  if (!demo.seeded) return;
  if (config.role === 'all') await sayDemo(composition, demo, boot);
  else await composition.demo.scoreUsers('churn', 'start');
  await composition.demo.segmentEveryone('start');
  await composition.demo.lookAtData('start');
}

async function sayDemo(
  composition: Composition,
  demo: SeedDemoResult,
  { say, log, stopped }: Pick<Boot, 'say' | 'log' | 'stopped'>,
): Promise<void> {
  say(
    `  ${demo.users.toLocaleString('en-US')} customers, ${demo.events.toLocaleString('en-US')} events`,
  );
  const rows = await scoreEveryone(composition, stopped);
  if (rows === null) log.warn({}, 'the first scoring has not ended yet: it goes on in the worker');
  else
    say(`  ${rows.toLocaleString('en-US')} of them scored with the model that comes with Augury`);
}

async function scoreEveryone(
  composition: Composition,
  stopped: AbortSignal,
): Promise<number | null> {
  const jobId = await composition.demo.scoreUsers('churn', 'start');
  for (let waited = 0; waited < SCORING_TIMEOUT_MS; waited += POLL_MS) {
    stopped.throwIfAborted();
    const job = await composition.demo.job(jobId);
    if (job?.status === 'SUCCEEDED') return (job.result as { rows?: number } | null)?.rows ?? 0;
    if (job?.status === 'FAILED' || job?.status === 'CANCELLED') return null;
    await sleep(POLL_MS);
  }
  return null;
}
