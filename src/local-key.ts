import fs from 'node:fs';
import path from 'node:path';
import type { composeAccess } from './compose-data.js';

/** File with the key of the local command line, mode 0600. */
export function localKeyFile(dataDir: string): string {
  return path.join(dataDir, 'cli-key');
}

/** Makes sure that the local command line has an ADMIN key that this database knows. */
export async function ensureLocalKey(
  dataDir: string,
  access: Pick<ReturnType<typeof composeAccess>, 'authenticate' | 'createKey'>,
): Promise<void> {
  const file = localKeyFile(dataDir);
  if (fs.existsSync(file)) {
    const bearer = fs.readFileSync(file, 'utf8').trim();
    if (await access.authenticate({ bearer, session: null })) return;
  }
  const { key } = await access.createKey({
    role: 'ADMIN',
    name: 'local command line',
    createdBy: 'start',
  });
  fs.mkdirSync(dataDir, { recursive: true });
  fs.writeFileSync(file, `${key}\n`, { mode: 0o600 });
  fs.chmodSync(file, 0o600); // the mode above only counts for a new file
}
