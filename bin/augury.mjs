#!/usr/bin/env node
// Builds what is out of date (a no-op when nothing is) and runs the command line.
import { build } from './build.mjs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`augury needs Node >= 20.19, this is ${process.versions.node}\n`);
  process.exit(1);
}
// graphql checks for a second copy of itself on every value otherwise; read when it is imported
process.env.NODE_ENV ??= 'production';
await build('program');
await import('../dist/src/cli/main.js');
