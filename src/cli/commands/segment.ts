import type { Command } from 'commander';
import { clusterAlgorithms } from '../../segment/segmentation-spec.js';
import type { CliContext } from '../context.js';
import { followJob } from '../follow-job.js';
import { listOf, oneOf, wholeNumber } from '../option-values.js';
import { figure, table, type Output } from '../output.js';
import { ask, must, type Remote } from '../remote.js';

interface SegmentRow {
  key: string;
  name: string;
  size: number;
  share: number;
  persona: { labels: { dimension: string; label: string }[]; quadrant: string };
}

interface SegmentationRow {
  key: string;
  version: number;
  live: boolean;
  algorithm: string;
  k: number;
  rows: number;
  chosenBecause: string;
  diversity: number;
  stability: { mean: number; standardDeviation: number };
  candidates: {
    algorithm: string;
    k: number;
    silhouette: number | null;
    calinskiHarabasz: number | null;
    daviesBouldin: number | null;
    noise: number;
    seconds: number;
    chosen: boolean;
    refused: string | null;
  }[];
  external: { ari: number; nmi: number; homogeneity: number; completeness: number } | null;
  changes: { text: string }[];
  treatments: string[];
  segments: SegmentRow[];
}

const SEGMENTATION = `key version live algorithm k rows chosenBecause diversity
  stability { mean standardDeviation } changes { kind text } treatments
  external { ari nmi homogeneity completeness }
  candidates { algorithm k silhouette calinskiHarabasz daviesBouldin noise seconds chosen refused }
  segments { key name size share persona { labels { dimension label } quadrant } }`;

interface SegmentOptions {
  key: string;
  k?: number;
  maxK?: number;
  algorithms?: string[];
  features?: string;
  labels?: string;
  seed?: number;
  live: boolean;
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
    .option('--features <list>', 'comma-separated names of approved features')
    .option('--labels <attribute>', 'a profile attribute to compare the groups with')
    .option('--seed <n>', 'same seed, same segments', wholeNumber(0, 0xffff_ffff))
    .option('--no-live', 'leave it a candidate')
    .option('--report <locale>', 'print the report in Markdown: en or zh', oneOf(['en', 'zh']))
    .action(async (options: SegmentOptions) => {
      await segment(await context.remote(), options, context.output);
    });
}

async function segment(remote: Remote, options: SegmentOptions, output: Output): Promise<void> {
  // what was not given is undefined, and JSON leaves it out: the recipe decides then
  const { key, k, maxK, algorithms, labels, seed, live } = options;
  const features = options.features?.split(',').map((name) => name.trim());
  const input = { key, k, maxK, algorithms, features, labels, seed, makeLive: live };
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
  else print(result, output);
}

function print(result: SegmentationRow, output: Output): void {
  const { stability } = result;
  const standing = result.live ? 'live' : 'a candidate';
  output.line(
    `${result.key}, version ${result.version} (${standing}): ${result.algorithm}, ${result.k} groups of ${figure(result.rows)} customers`,
  );
  output.line(result.chosenBecause);
  output.line(
    `stability ${figure(stability.mean)} ± ${figure(stability.standardDeviation)} (adjusted Rand index), diversity ${figure(result.diversity)}`,
  );
  const { external } = result;
  if (external)
    output.line(
      `against the labels: ARI ${figure(external.ari)}, NMI ${figure(external.nmi)}, homogeneity ${figure(external.homogeneity)}, completeness ${figure(external.completeness)}`,
    );
  output.line('');
  output.line(
    table(
      ['segment', 'name', 'customers', 'share', 'quadrant', 'labels'],
      result.segments.map(({ key, name, size, share, persona }) => [
        key,
        name,
        figure(size),
        `${(share * 100).toFixed(1)}%`,
        persona.quadrant,
        persona.labels.map(({ dimension, label }) => `${dimension}: ${label}`).join(', '),
      ]),
    ),
  );
  output.line('');
  output.line(
    table(
      ['tried', 'k', 'silhouette', 'CH', 'DB', 'noise', 'seconds', ''],
      result.candidates.map((each) => [
        each.algorithm,
        String(each.k),
        figure(each.silhouette),
        figure(each.calinskiHarabasz),
        figure(each.daviesBouldin),
        figure(each.noise),
        each.seconds.toFixed(2),
        each.chosen ? 'chosen' : (each.refused ?? ''),
      ]),
    ),
  );
  for (const { text } of result.changes) output.line(text);
  for (const text of result.treatments) output.line(text);
}
