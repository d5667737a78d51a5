import { figure, table, wrap, type Output } from './output.js';

interface CandidateRow {
  algorithm: string;
  k: number;
  silhouette: number | null;
  calinskiHarabasz: number | null;
  daviesBouldin: number | null;
  noise: number;
  seconds: number;
  chosen: boolean;
  refused: string | null;
}

interface SegmentRow {
  key: string;
  name: string;
  size: number;
  share: number;
  persona: { labels: { dimension: string; label: string }[]; quadrant: string };
}

/** A version of a segmentation as `SEGMENTATION` asks for it. */
export interface SegmentationRow {
  key: string;
  version: number;
  live: boolean;
  algorithm: string;
  k: number;
  rows: number;
  chosenBecause: string;
  diversity: number;
  stability: { mean: number; standardDeviation: number };
  candidates: CandidateRow[];
  external: { ari: number; nmi: number; homogeneity: number; completeness: number } | null;
  changes: { text: string }[];
  treatments: string[];
  segments: SegmentRow[];
}

/** What `printSegmentation` needs of a version. */
export const SEGMENTATION = `key version live algorithm k rows chosenBecause diversity
  stability { mean standardDeviation } changes { kind text } treatments
  external { ari nmi homogeneity completeness }
  candidates { algorithm k silhouette calinskiHarabasz daviesBouldin noise seconds chosen refused }
  segments { key name size share persona { labels { dimension label } quadrant } }`;

/** Of each algorithm, unless all are asked for. */
const BEST = 3;

/** A version for people: what it is, its segments, what was tried, what became of the former ones. @param all every candidate */
export function printSegmentation(result: SegmentationRow, output: Output, all = false): void {
  const { stability, external } = result;
  const standing = result.live ? 'live' : 'a candidate';
  output.line(
    `${result.key}, version ${result.version} (${standing}): ${result.algorithm}, ${result.k} groups of ${figure(result.rows)} customers`,
  );
  output.line(wrap(result.chosenBecause));
  output.line(
    `stability ${score(stability.mean)} ± ${score(stability.standardDeviation)} (adjusted Rand index), diversity ${score(result.diversity)}`,
  );
  if (external)
    output.line(
      `against the labels: ARI ${score(external.ari)}, NMI ${score(external.nmi)}, homogeneity ${score(external.homogeneity)}, completeness ${score(external.completeness)}`,
    );
  output.line('');
  output.line(segmentTable(result.segments));
  output.line('');
  printCandidates(result.candidates, output, all);
  output.line('');
  for (const { text } of result.changes) output.line(wrap(text));
  for (const text of result.treatments) output.line(wrap(text));
}

function segmentTable(segments: readonly SegmentRow[]): string {
  return table(
    ['segment', 'name', 'customers', 'share', 'quadrant', 'unlike others in'],
    [...segments]
      .sort((a, b) => b.size - a.size)
      .map(({ key, name, size, share, persona }) => [
        key,
        name,
        figure(size),
        `${(share * 100).toFixed(1)}%`,
        persona.quadrant,
        notable(persona.labels),
      ]),
  );
}

/** The quadrant has a column of its own and is made from value and activity. */
const TOLD_ALREADY = new Set(['value', 'activity', 'quadrant']);
const LIKE_OTHERS = new Set(['MEDIUM', 'MIDDLE', 'BALANCED', 'MIXED']);

function notable(labels: SegmentRow['persona']['labels']): string {
  const told = labels.filter(
    ({ dimension, label }) => !TOLD_ALREADY.has(dimension) && !LIKE_OTHERS.has(label),
  );
  return told.map(({ dimension, label }) => `${dimension} ${label}`).join(', ') || 'nothing';
}

function printCandidates(tried: readonly CandidateRow[], output: Output, all: boolean): void {
  const shown = all ? tried : bestOf(tried);
  output.line(
    table(
      ['tried', 'k', 'silhouette', 'CH', 'DB', 'noise', 'seconds', ''],
      shown.map((each) => [
        each.algorithm,
        String(each.k),
        score(each.silhouette),
        each.calinskiHarabasz === null ? '–' : figure(Math.round(each.calinskiHarabasz)),
        score(each.daviesBouldin),
        figure(each.noise),
        each.seconds.toFixed(2),
        each.chosen ? 'chosen' : each.refused === null ? '' : `not to be chosen: ${each.refused}`,
      ]),
    ),
  );
  const more = tried.length - shown.length;
  if (more > 0) output.line(`and ${more} more: --all shows them`);
}

/** The chosen one and, of each algorithm, the best by silhouette, in the order they were tried; refused ones come last. */
function bestOf(tried: readonly CandidateRow[]): CandidateRow[] {
  const rank = ({ chosen, refused, silhouette }: CandidateRow): number =>
    chosen ? 2 : (refused === null ? 0 : -2) + (silhouette ?? -1);
  const kept = new Set<CandidateRow>();
  for (const algorithm of new Set(tried.map((each) => each.algorithm))) {
    const own = tried.filter((each) => each.algorithm === algorithm);
    for (const each of own.sort((a, b) => rank(b) - rank(a)).slice(0, BEST)) kept.add(each);
  }
  return tried.filter((each) => kept.has(each));
}

function score(value: number | null): string {
  // no -0.000
  return value === null ? '–' : (Math.round(value * 1000) / 1000 + 0).toFixed(3);
}
