import type { MethodReport, OverallFeature } from '../selection.js';

/**
 * One ranking out of several, by votes and mean rank: first the share of the methods that selected a feature
 * among those that took it, then the mean of its ranks there, then its name. Selected: by half of those
 * methods or more.
 */
export function overallRanking(methods: readonly MethodReport[]): OverallFeature[] {
  const found = new Map<string, { votes: number; ranks: number[] }>();
  for (const { ranking } of methods)
    for (const { feature, rank, selected } of ranking) {
      const entry = found.get(feature) ?? { votes: 0, ranks: [] };
      entry.ranks.push(rank);
      if (selected) entry.votes++;
      found.set(feature, entry);
    }
  return [...found]
    .map(([feature, { votes, ranks }]) => ({
      feature,
      votes,
      rankedBy: ranks.length,
      meanRank: ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length,
      share: votes / ranks.length,
    }))
    .sort(
      (a, b) => b.share - a.share || a.meanRank - b.meanRank || (a.feature < b.feature ? -1 : 1),
    )
    .map(({ share, ...entry }, at) => ({ ...entry, rank: at + 1, selected: share >= 0.5 }));
}
