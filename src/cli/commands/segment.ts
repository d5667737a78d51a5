import type { Command } from 'commander';
import { clusterAlgorithms } from '../../segment/segmentation-spec.js';
import type { CliContext } from '../context.js';
import { followJob } from '../follow-job.js';
import { listOf, namesOf, oneOf, positive, wholeNumber } from '../option-values.js';
import type { Output } from '../output.js';
import { printSegmentation, SEGMENTATION, type SegmentationRow } from '../print-segmentation.js';
import { ask, must, type Remote } from '../remote.js';

interface SegmentOptions {
  key: string;
  k?: number;
  maxK?: number;
  algorithms?: string[];
  features?: string[];
  labels?: string;
  eps?: number;
  minPoints?: number;
  seed?: number;
  live: boolean;
  all?: boolean;
  report?: string;
}

/** `segment`. */
export function addSegmentCommand(program: Command, context: CliContext): void {
  program
    .command('segment')
    .description('group the customers anew and follow the job; prints the segments')
    .option('--key <key>', 'which segmentation; a new one needs --features', 'persona')
    .option('--k <n>', 'exactly so many groups', wholeNumber(2, 50))
    .option('--max-k <n>', 'at most so many groups', wholeNumber(2, 50))
    .option(
      '--algorithms <list>',
      `comma-separated: ${clusterAlgorithms.join(',')}`,
      listOf(clusterAlgorithms),
    )
    .option('--features <list>', 'comma-separated names of approved features', namesOf)
    .option('--labels <attribute>', 'a profile attribute to compare the groups with')
    .option('--eps <distance>', 'radius of the neighbourhoods of dbscan, above 0', positive)
    .option('--min-points <n>', 'customers in a neighbourhood of dbscan', wholeNumber(2, 1000))
    .option('--seed <n>', 'same seed, same segments', wholeNumber(0, 0xffff_ffff))
    .option('--no-live', 'leave it a candidate')
    .option('--all', 'print everything that was tried, not the best of each algorithm')
    .option('--report <locale>', 'print the report in Markdown: en or zh', oneOf(['en', 'zh']))
    .action(async (options: SegmentOptions) => {
      await segment(await context.remote(), options, context.output);
    });
}

async function segment(remote: Remote, options: SegmentOptions, output: Output): Promise<void> {
  // what was not given is undefined, and JSON leaves it out: the recipe decides then
  const { key, k, maxK, algorithms, features, labels, seed, live } = options;
  const { eps: dbscanEps, minPoints: dbscanMinPoints } = options;
  const density = { dbscanEps, dbscanMinPoints };
  const input = { key, k, maxK, algorithms, features, labels, seed, makeLive: live, ...density };
  const { runSegmentation } = await ask<{
    runSegmentation: { job: { id: string } | null; userErrors: never[] };
  }>(
    remote,
    `mutation Segment($input: RunSegmentationInput!) {
      runSegmentation(input: $input) { job { id } userErrors { code message path } }
    }`,
    { input },
  );
  const { job } = must(runSegmentation);
  if (!job) return;
  const { report: locale } = options;
  const report = locale === undefined ? '' : `report(locale: "${locale.toLowerCase()}")`;
  const selection = `... on Segmentation { ${SEGMENTATION} ${report} }`;
  const done = await followJob(remote, job.id, selection, output);
  const result = done.result as unknown as SegmentationRow & { report?: string };
  if (output.json) output.line(JSON.stringify(result));
  else if (result.report !== undefined) output.line(result.report);
  else printSegmentation(result, output, options.all);
}
