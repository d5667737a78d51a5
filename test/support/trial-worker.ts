// A worker process for the test that kills one: helps with trials, in one thread, until it is ended.
import { trialProcessor } from '../../jobs/trial.js';
import { composeTrials } from '../../src/compose-trials.js';
import { systemClock } from '../../src/kernel/clock.js';
import { TRIAL_QUEUE } from '../../src/model/trial.messages.js';
import { openBus } from '../../src/plant/bus.js';
import { openDatabase } from '../../src/plant/database.js';
import { openQueues } from '../../src/plant/queue.js';
import { keptLog } from './quiet-log.js';

const [databaseUrl = '', leaseMs = ''] = process.argv.slice(2);
const common = { databaseUrl, redisUrl: null, log: keptLog() };
const db = openDatabase(databaseUrl);
const bus = await openBus(common);
const queues = await openQueues(common);
const trials = composeTrials(
  { db, bus, queues, clock: systemClock(), log: common.log },
  { workerId: `killed:${String(process.pid)}`, threads: 1, leaseMs: Number(leaseMs) },
);
await queues.work(TRIAL_QUEUE, { concurrency: 1 }, trialProcessor(trials.work));
process.stdout.write('ready\n');
