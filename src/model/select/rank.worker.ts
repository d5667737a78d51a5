import { answerAsThread } from '../work-in-thread.js';
import { rankFeatures, type RankFeaturesInput } from './rank-features.js';

await answerAsThread((input: RankFeaturesInput, onProgress) =>
  rankFeatures(input, { onProgress, now: () => performance.now() }),
);
