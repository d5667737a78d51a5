import { systemClock } from '../../src/kernel/clock.js';
import { openDatabase } from '../../src/plant/database.js';
import { eventFixture } from './event-fixture.js';
import { writerBatch } from './event-writer-batch.js';

/**
 * A process that records the batches 0, 1, 2 … of `writerBatch` and prints the number of each one that was
 * acknowledged: to be killed by a test. Arguments: address of the database, batches, rows a batch.
 */
const [url = '', batches = '0', size = '0'] = process.argv.slice(2);
const db = openDatabase(url, { max: 2 });
const { record } = eventFixture(db, systemClock());
for (let batch = 0; batch < Number(batches); batch += 1) {
  await record(writerBatch(batch, Number(size)));
  process.stdout.write(`${batch}\n`);
}
await db.close();
