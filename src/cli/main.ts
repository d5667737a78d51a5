import 'reflect-metadata';
import { loadEnvironment } from '../plant/env.js';
import { explainExit } from './exit.js';
import { buildProgram } from './program.js';

try {
  await buildProgram(loadEnvironment()).parseAsync(process.argv);
} catch (error) {
  const { code, message } = explainExit(error);
  if (message !== null) process.stderr.write(`augury: ${message}\n`);
  process.exitCode = code;
}
