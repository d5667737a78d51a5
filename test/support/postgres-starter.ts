// A process for the tests that start PostgreSQL as another user, twice at once, or die: prints the
// outcome as one line of JSON and then waits to be killed.
import { startEmbeddedPostgres } from '../../src/plant/embedded-postgres.js';

const [dataDir = '', passwordFile = ''] = process.argv.slice(2);
try {
  const { url, pid, reused } = await startEmbeddedPostgres(dataDir, passwordFile);
  process.stdout.write(`${JSON.stringify({ url, pid, reused })}\n`);
  setInterval(() => undefined, 60_000);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`);
}
