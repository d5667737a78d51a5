import { DAY_MS } from '../kernel/clock.js';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../kernel/error.js';
import { demoPopulation, type DemoCustomer } from '../demo/population.js';

export interface SampleOptions {
  out: string;
  /** Histories end at the start of this day, UTC. */
  now: Date;
  users?: number;
  seed?: number;
  /** Overwrites files of an earlier sample. */
  force?: boolean;
}

export interface SampleResult {
  folder: string;
  end: Date;
  users: number;
  events: number;
  tickets: number;
  devices: number;
  outcomes: number;
}

const USERS =
  'user_id,name,email,registered_at,age,gender,cityTier,membershipLevel,deviceType,channel';
const EVENTS = 'event_id,user_id,type,at,value,quantity,category,device_id';
const TICKETS = 'ticket_id,user_id,issue_type,opened_at,resolved_at,satisfaction,rated_at';
const DEVICES = 'device_id,type,os_version,user_id,first_seen_at';
const OUTCOMES = 'user_id,at,churned';

/** One CSV line; what holds a comma, a quote or a line break is quoted. */
function csvLine(cells: readonly (string | number | null | undefined)[]): string {
  const texts = cells.map((cell) => {
    const text = cell === null || cell === undefined ? '' : String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${texts.join(',')}\n`;
}

function iso(at: Date): string {
  return at.toISOString().replace('.000Z', 'Z');
}

function userLine({ user }: DemoCustomer): string {
  const { externalId, name, email, registeredAt, attributes: a } = user;
  return csvLine([
    externalId,
    name,
    email,
    iso(registeredAt),
    a.age,
    a.gender,
    a.cityTier,
    a.membershipLevel,
    a.deviceType,
    a.channel,
  ]);
}

function eventLines({ events }: DemoCustomer): string {
  return events
    .map(({ id, user, type, at, value, properties: p, device }) =>
      csvLine([id, user, type, iso(at), value, p?.quantity, p?.category, device]),
    )
    .join('');
}

function ticketLines({ tickets }: DemoCustomer): string {
  const instant = (at: Date | null): string | null => at && iso(at);
  return tickets
    .map(({ key, user, issueType, openedAt, resolvedAt, satisfaction, ratedAt }) =>
      csvLine([
        key,
        user,
        issueType,
        iso(openedAt),
        instant(resolvedAt),
        satisfaction,
        instant(ratedAt),
      ]),
    )
    .join('');
}

/** One line a device and customer, of when the customer was first seen with it. */
function deviceLines({ devices, events, user }: DemoCustomer): string {
  return devices
    .map(({ key, type, osVersion }) => {
      const first = events.find(({ device }) => device === key);
      return csvLine([key, type, osVersion, user.externalId, first && iso(first.at)]);
    })
    .join('');
}

function outcomeLine({ outcome }: DemoCustomer): string {
  return outcome ? csvLine([outcome.user, iso(outcome.at), outcome.churned ? 'Yes' : 'No']) : '';
}

/** The commands that import a sample from `folder`, without a prefix. */
export function sampleCommands(folder: string): string[] {
  const file = (name: string): string => shellWord(path.join(folder, name));
  return [
    `import users --file ${file('users.csv')} --id user_id --name name --email email --registered registered_at --attribute age,gender,cityTier,membershipLevel,deviceType,channel`,
    `import events --file ${file('events.csv')} --user user_id --at at --type type --value value --id event_id --source demo --property quantity,category --device device_id`,
    `import tickets --file ${file('tickets.csv')} --id ticket_id --user user_id --issue issue_type --opened opened_at --resolved resolved_at --satisfaction satisfaction --rated rated_at --source demo`,
    `import devices --file ${file('devices.csv')} --id device_id --type type --os os_version --user user_id --first-seen first_seen_at`,
    `import outcomes --file ${file('outcomes.csv')} --user user_id --model churn --positive "churned=Yes" --at at`,
  ];
}

function shellWord(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function readme(result: SampleResult): string {
  return `The demo population of Augury as CSV files: a made-up shop.

  users.csv     ${result.users} customers with their profile
  events.csv    ${result.events} events until ${iso(result.end)}: sessions, page views (value = pages),
                purchases (value = amount)
  tickets.csv   ${result.tickets} service tickets: when opened, resolved and rated (satisfaction 1..5)
  devices.csv   ${result.devices} lines, one a device and customer: who used what since when
  outcomes.csv  ${result.outcomes} labels: who showed no sign of life in the 30 days after "at"

Into an installation that was started with --no-demo (the demo population has the same ids):

${sampleCommands(result.folder)
  .map((command) => `  npm run augury -- ${command}`)
  .join('\n')}
`;
}

/**
 * Writes users.csv, events.csv, tickets.csv, devices.csv, outcomes.csv and README.txt into a folder, which is made when missing.
 * @throws AppError INVALID when one of the files is there already, or the folder cannot be written
 */
export async function writeSample(options: SampleOptions): Promise<SampleResult> {
  const { out } = options;
  const end = new Date(Math.floor(options.now.getTime() / DAY_MS) * DAY_MS);
  const result: SampleResult = {
    folder: out,
    end,
    users: 0,
    events: 0,
    tickets: 0,
    devices: 0,
    outcomes: 0,
  };
  try {
    fs.mkdirSync(out, { recursive: true });
    const open = (name: string): fs.WriteStream => {
      const flags = options.force === true ? 'w' : 'wx';
      return fs.createWriteStream('', { fd: fs.openSync(path.join(out, name), flags) });
    };
    const files = {
      users: open('users.csv'),
      events: open('events.csv'),
      tickets: open('tickets.csv'),
      devices: open('devices.csv'),
      outcomes: open('outcomes.csv'),
      readme: open('README.txt'),
    };
    files.users.write(`${USERS}\n`);
    files.events.write(`${EVENTS}\n`);
    files.tickets.write(`${TICKETS}\n`);
    files.devices.write(`${DEVICES}\n`);
    files.outcomes.write(`${OUTCOMES}\n`);
    for (const customer of demoPopulation({ ...options, end })) {
      result.users++;
      result.events += customer.events.length;
      result.tickets += customer.tickets.length;
      result.devices += customer.devices.length;
      result.outcomes += customer.outcome ? 1 : 0;
      files.users.write(userLine(customer));
      files.outcomes.write(outcomeLine(customer));
      files.tickets.write(ticketLines(customer));
      files.devices.write(deviceLines(customer));
      if (!files.events.write(eventLines(customer))) await once(files.events, 'drain');
    }
    files.readme.write(readme({ ...result }));
    await Promise.all(
      Object.values(files).map((file) => {
        const finished = once(file, 'close');
        file.end();
        return finished;
      }),
    );
    return result;
  } catch (cause) {
    const { code, path: at } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new AppError(
        'INVALID',
        `${at ?? out} is there already: choose another folder, or overwrite it with --force`,
        { cause },
      );
    if (code === undefined) throw cause;
    throw new AppError('INVALID', `the sample cannot be written to ${out} (${code})`, { cause });
  }
}
