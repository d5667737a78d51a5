import { openDatabase } from '../../src/plant/database.js';
import { scoreUsers } from '../../src/prediction/score-users.js';
import { plainJob, plainRun } from './score-run.js';

/**
 * A process that scores everyone and prints what it is at, a line each: `read`, `scored` and `written` of every
 * chunk: to be killed by a test. Arguments: address of the database, id of the job, customers a chunk.
 */
const [url = '', jobId = '', chunk = '0'] = process.argv.slice(2);
const db = openDatabase(url, { max: 3 });
const deps = plainRun(db);
const told =
  <A extends unknown[], R>(word: string, work: (...args: A) => Promise<R>) =>
  async (...args: A): Promise<R> => {
    const result = await work(...args);
    process.stdout.write(`${word}\n`);
    return result;
  };
const { scorer, stretches } = deps;
await scoreUsers(
  {
    ...deps,
    stretches: { ...stretches, read: told('read', stretches.read) },
    scorer: {
      score: told('scored', (sha256, table, options) => scorer.score(sha256, table, options)),
    },
    writeBatch: told('written', deps.writeBatch),
  },
  plainJob(jobId),
  { chunk: Number(chunk) },
);
await db.close();
