import 'reflect-metadata';
import { loadEnvironment } from '../plant/env.js';
import { surviveClosedOutput } from '../plant/log.js';
import { explainExit } from './exit.js';
import { buildProgram } from './program.js';

surviveClosedOutput();
let debug = false;
try {
  const environment = loadEnvironment();
  debug = environment['AUGURY_LOG_LEVEL'] === 'debug';
  await buildProgram(environment).parseAsync(process.argv);
} catch (error) {
  const { code, message } = explainExit(error, debug);
  if (message !== null) process.stderr.write(`augury: ${message}\n`);
  process.exitCode = code;
}
