import { marginalsOf, type Contingency } from '../numeric/chi-square.js';
import {
  distanceOf,
  type IdentityInput,
  type MatchedSide,
  type Matching,
} from './identity-matching.js';
import type { IdentityChange } from './segmentation.js';

/** A part counts where it holds at least this share of the customers. */
const PART = 0.25;
/** And where it is mostly of one origin, or went mostly to one place. */
const MOSTLY = 0.5;

/** A piece of an old segment, or a source of a new one. */
interface Part {
  place: number;
  /** Of the customers of the whole, 0..1; null where only centres are known. */
  share: number | null;
}

/** Parts of each old segment, and of each new one; fewer than two where it neither split nor merged. */
interface Transitions {
  parts: Part[][];
  sources: Part[][];
}

/**
 * What became of each old segment and where each new one comes from; every segment is in at least one change. With
 * customers known in both versions, an old segment split where two or more new ones each hold at least a quarter of its
 * customers and have more than half of their own from it; merging is the same seen from the other side. Without, centres
 * nobody continues (or that continue nobody) count as parts where they lie nearer to the whole than half the way to its
 * nearest sibling and where the mean of all parts, weighted by size, is nearer to it than its heir alone.
 */
export function changesOf(
  input: IdentityInput,
  matching: Matching,
  keys: readonly string[],
): IdentityChange[] {
  const { before, overlap } = input;
  const { parts, sources } = overlap ? byCustomers(overlap) : byCenters(matching);
  const oldKeys = before.segments.map(({ key }) => key);
  const changes: IdentityChange[] = [];
  const told = { before: new Set<number>(), after: new Set<number>() };
  parts.forEach((into, from) => {
    if (into.length < 2) return;
    told.before.add(from);
    into.forEach(({ place }) => told.after.add(place));
    changes.push(splitOf(oldKeys[from] ?? '', into, keys));
  });
  sources.forEach((from, into) => {
    if (from.length < 2) return;
    told.after.add(into);
    from.forEach(({ place }) => told.before.add(place));
    changes.push(mergeOf(keys[into] ?? '', from, oldKeys));
  });
  return [...keptOf(input, matching, told), ...changes, ...aloneOf(input, matching, keys, told)];
}

function keptOf(
  { before, after, overlap }: IdentityInput,
  matching: Matching,
  told: { before: Set<number>; after: Set<number> },
): IdentityChange[] {
  return before.segments.flatMap(({ key, size }, i) => {
    const heir = matching.heirOf[i] ?? -1;
    const now = after.segments[heir];
    if (!now || (told.before.has(i) && told.after.has(heir))) return [];
    const [from = [], to = []] = [matching.before.centers[i], matching.after.centers[heir]];
    const moved =
      matching.common === 0
        ? 'no feature is common to both versions'
        : `its centre moved by ${distanceOf(from, to).toFixed(2)} standard deviations`;
    const stayed = overlap ? stayedOf(overlap, i, heir) : '';
    const text = `${key} is kept: ${moved}${stayed}; ${people(size)} before, ${people(now.size)} now.`;
    return [{ kind: 'KEPT' as const, from: [key], to: [key], text }];
  });
}

function stayedOf(overlap: Contingency, row: number, column: number): string {
  const known = marginalsOf(overlap).ofRow[row] ?? 0;
  if (known === 0) return '';
  const both = overlap.counts[row * overlap.columns + column] ?? 0;
  return `, ${percent(both / known)} of its customers stayed`;
}

function aloneOf(
  { before, after, overlap }: IdentityInput,
  { heirOf }: Matching,
  keys: readonly string[],
  told: { before: Set<number>; after: Set<number> },
): IdentityChange[] {
  const heirs = new Set(heirOf);
  const appeared = after.segments.flatMap(({ size }, j) => {
    if (heirs.has(j) || told.after.has(j)) return [];
    const key = keys[j] ?? '';
    const text = `${key} is new, with ${people(size)}: it continues no earlier segment.`;
    return [{ kind: 'APPEARED' as const, from: [], to: [key], text }];
  });
  const vanished = before.segments.flatMap(({ key, size }, i) => {
    if ((heirOf[i] ?? -1) >= 0 || told.before.has(i)) return [];
    const where = overlap ? whereTo(overlap, i, keys) : '';
    const text = `${key} is gone: no segment continues it. It had ${people(size)}${where}.`;
    return [{ kind: 'VANISHED' as const, from: [key], to: [], text }];
  });
  return [...appeared, ...vanished];
}

/** Where most of the customers of an old segment are now. */
function whereTo(overlap: Contingency, row: number, keys: readonly string[]): string {
  const own = overlap.counts.subarray(row * overlap.columns, (row + 1) * overlap.columns);
  const known = own.reduce((sum, count) => sum + count, 0);
  const most = Math.max(...own);
  if (known === 0) return '';
  return `, of whom ${percent(most / known)} are now in ${keys[own.indexOf(most)] ?? ''}`;
}

function splitOf(key: string, into: readonly Part[], keys: readonly string[]): IdentityChange {
  const to = into.map(({ place }) => keys[place] ?? '');
  const text = `${key} split into ${listOf(to)}: ${sharesOf(into, 'of its customers went there', 'their centres lie where its own was')}.`;
  return { kind: 'SPLIT', from: [key], to, text };
}

function mergeOf(key: string, from: readonly Part[], oldKeys: readonly string[]): IdentityChange {
  const names = from.map(({ place }) => oldKeys[place] ?? '');
  const text = `${listOf(names)} merged into ${key}: ${sharesOf(from, 'of its customers came from there', 'their centres lay where its own is')}.`;
  return { kind: 'MERGED', from: names, to: [key], text };
}

function sharesOf(parts: readonly Part[], known: string, unknown: string): string {
  const shares = parts.flatMap(({ share }) => (share === null ? [] : [percent(share)]));
  return shares.length === parts.length ? `${listOf(shares)} ${known}` : unknown;
}

function byCustomers(overlap: Contingency): Transitions {
  const { rows, columns, counts } = overlap;
  const { ofRow, ofColumn } = marginalsOf(overlap);
  const share = (count: number, of: number): number => (of === 0 ? 0 : count / of);
  const parts: Part[][] = Array.from({ length: rows }, () => []);
  const sources: Part[][] = Array.from({ length: columns }, () => []);
  counts.forEach((count, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    const ofOld = share(count, ofRow[row] ?? 0);
    const ofNew = share(count, ofColumn[column] ?? 0);
    if (ofOld >= PART && ofNew > MOSTLY) parts[row]?.push({ place: column, share: ofOld });
    if (ofNew >= PART && ofOld > MOSTLY) sources[column]?.push({ place: row, share: ofNew });
  });
  const largest = (list: Part[]) => list.sort((a, b) => (b.share ?? 0) - (a.share ?? 0));
  return { parts: parts.map(largest), sources: sources.map(largest) };
}

function byCenters({ heirOf, common, before, after }: Matching): Transitions {
  const pastOf = new Int32Array(after.centers.length).fill(-1);
  heirOf.forEach((heir, i) => {
    if (heir >= 0) pastOf[heir] = i;
  });
  if (common === 0) return { parts: [], sources: [] };
  return {
    parts: partsOf(before, after, heirOf, pastOf),
    sources: partsOf(after, before, pastOf, heirOf),
  };
}

/** For each whole the pieces of the other version that it fell into, its own continuation first. */
function partsOf(
  wholes: MatchedSide,
  pieces: MatchedSide,
  pieceOf: Int32Array,
  wholeOf: Int32Array,
): Part[][] {
  return wholes.centers.map((whole, i) => {
    const apart = pieces.centers.map((center) => distanceOf(whole, center));
    const free = apart
      .map((distance, place) => ({ distance, place }))
      .filter(({ distance, place }) => wholeOf[place] === -1 && distance < (wholes.reach[i] ?? 0))
      .sort((a, b) => a.distance - b.distance)
      .map(({ place }) => place);
    const own = pieceOf[i] ?? -1;
    const places = own >= 0 ? [own, ...free] : free;
    const first = places[0];
    if (first === undefined || places.length < 2) return [];
    const explained = distanceOf(whole, meanOf(pieces, places)) < (apart[first] ?? 0);
    return explained ? places.map((place) => ({ place, share: null })) : [];
  });
}

function meanOf({ centers, sizes }: MatchedSide, places: readonly number[]): number[] {
  const weights = places.map((place) => sizes[place] ?? 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const columns = centers[places[0] ?? 0]?.length ?? 0;
  return Array.from({ length: columns }, (_, j) =>
    places.reduce((sum, place, i) => {
      const weight = total === 0 ? 1 / places.length : (weights[i] ?? 0) / total;
      return sum + weight * (centers[place]?.[j] ?? 0);
    }, 0),
  );
}

function people(count: number): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? 'customer' : 'customers'}`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function listOf(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`;
}
