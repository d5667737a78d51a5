import { Command } from 'commander';
import { systemClock } from '../kernel/clock.js';
import { readConfig, type Config, type ConfigOverrides, type Environment } from '../plant/env.js';
import { addAlertsCommands } from './commands/alerts.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addDriftCommand } from './commands/drift.js';
import { addExperimentCommands } from './commands/experiments.js';
import { addFeatureCommands } from './commands/features.js';
import { addKeysCommand } from './commands/keys.js';
import { addModelCommands } from './commands/models.js';
import { addPrivacyCommands } from './commands/privacy.js';
import { addQualityCommands } from './commands/quality.js';
import { addQueryCommand } from './commands/query.js';
import { addReportCommand } from './commands/report.js';
import { addSampleCommand } from './commands/sample.js';
import { addSegmentCommand } from './commands/segment.js';
import { addStartCommand } from './commands/start.js';
import { findRemote, withInstallation, type CliContext } from './context.js';
import { addImportCommands } from './import/command.js';
import { withImport } from './with-import.js';
import { consoleOutput, type Output } from './output.js';

interface CommonOptions {
  dataDir?: string;
  url?: string;
  key?: string;
  json?: boolean;
}

/** The whole command line. Settings are read only when a command runs, so `--help` always works. */
export function buildProgram(environment: Environment): Command {
  const program = new Command('augury')
    .description("one GraphQL graph over a company's customers and its models")
    .showHelpAfterError('(add --help for the options)')
    .showSuggestionAfterError()
    .exitOverride()
    .enablePositionalOptions();
  let config: Config | undefined;
  let output: Output | undefined;
  const settings = (): Config => (config ??= readConfig(environment));
  const context: CliContext & { colour: boolean } = {
    environment,
    get config() {
      return settings();
    },
    get output() {
      return (output ??= consoleOutput(false));
    },
    get colour() {
      return !settings().noColor;
    },
    remote: () => findRemote(settings()),
    withInstallation: (work) => withInstallation(settings(), work),
  };
  program.hook('preAction', (_, action) => {
    config = readConfig(environment, overridesOf(action));
    output = consoleOutput(action.opts<CommonOptions>().json ?? false);
  });
  addStartCommand(program, context);
  addSampleCommand(program, context);
  addImportCommands(program, {
    get output() {
      return context.output;
    },
    get colour() {
      return context.colour;
    },
    withImport: (work) => withImport(context, work),
  });
  addFeatureCommands(program, context);
  addModelCommands(program, context);
  addSegmentCommand(program, context);
  addExperimentCommands(program, context);
  addDriftCommand(program, context);
  addAlertsCommands(program, context);
  addReportCommand(program, context, systemClock());
  addQueryCommand(program, context);
  addKeysCommand(program, context);
  addQualityCommands(program, context);
  addPrivacyCommands(program, context);
  addDoctorCommand(program, context);
  for (const command of leaves(program)) addCommonOptions(command);
  return program;
}

/** Settings of the command line; `--role` and the like mean a setting only for the commands that say so. */
function overridesOf(command: Command): ConfigOverrides {
  const { dataDir, url, apiKey, port, role, demo, now, ...rest } = command.opts<
    CommonOptions & ConfigOverrides & { apiKey?: string }
  >();
  const common = { dataDir, url, key: hasOwnKey(command) ? apiKey : rest.key };
  // commander says true where --no-demo is not given: then the environment decides
  const start = { port, role, now, ...(demo === false ? { demo } : {}) };
  const given = { ...common, ...(STARTS.has(command.name()) ? start : {}) };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

const STARTS = new Set(['start', 'sample']);

function leaves(command: Command): Command[] {
  return command.commands.flatMap((child) => (child.commands.length > 0 ? leaves(child) : [child]));
}

/** These work on the database or the machine: `--url` would promise that they work somewhere else. */
const LOCAL: ReadonlySet<string> = new Set([
  'start',
  'sample',
  'import',
  'keys',
  'export-user',
  'erase-user',
  'privacy',
  'doctor',
]);

function hasOwnKey(command: Command): boolean {
  return command.name() === 'segment';
}

function addCommonOptions(command: Command): void {
  command
    .exitOverride()
    .option('--data-dir <folder>', 'where the installation lives (default .augury)');
  const group = command.parent?.parent ? command.parent : command;
  if (!LOCAL.has(group.name())) {
    // `segment --key persona` names a segmentation
    const flag = hasOwnKey(command) ? '--api-key <key>' : '--key <key>';
    command
      .option('--url <url>', 'server to talk to (default: the local one)')
      .option(flag, 'API key (default: the local one)');
  }
  command.option('--json', 'machine-readable lines on stdout and nothing else there');
}
