// A worker process for the test that kills one: says "started" when a job runs, and never ends it.
import { openQueues } from '../../src/plant/queue.js';
import { keptLog } from './quiet-log.js';

const [databaseUrl = '', redisUrl = '', queue = ''] = process.argv.slice(2);
const queues = await openQueues({
  databaseUrl,
  redisUrl: redisUrl === '' ? null : redisUrl,
  log: keptLog(),
});
await queues.work(queue, { concurrency: 1 }, async () => {
  process.stdout.write('started\n');
  await new Promise((resolve) => setTimeout(resolve, 3_600_000));
});
