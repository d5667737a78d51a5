import { errorRateOf, responseSecondsOf, type DayFigures } from './daily-report.js';
import type { Rating } from './rating.js';

const WORDS: Readonly<Record<Rating, string>> = {
  EXCELLENT: 'Excellent',
  GOOD: 'Good',
  FAIR: 'Fair',
  NEEDS_IMPROVEMENT: 'Needs improvement',
  POOR: 'Poor',
  VERY_POOR: 'Very poor',
};

/** The grade in words. */
export function ratingWords(rating: Rating): string {
  return WORDS[rating];
}

/** How the day went, in one sentence; it says what is not known, since that gives no points. */
export function healthSentence(figures: DayFigures, rating: Rating): string {
  const rate = errorRateOf(figures);
  const seconds = responseSecondsOf(figures);
  const parts = [
    `${figures.predictions.toLocaleString('en-US')} ${figures.predictions === 1 ? 'prediction' : 'predictions'}`,
    rate === null ? 'no question to a model was measured' : `${short(100 * rate)} % errors`,
    seconds === null ? 'response time not known' : `${short(1000 * seconds)} ms on average`,
    alertsOf(figures),
    figures.drifted.length === 0
      ? 'no model drifted'
      : `${figures.drifted.length} ${figures.drifted.length === 1 ? 'model' : 'models'} drifted`,
    ...(figures.segmentation ? [] : ['no segmentation is live']),
  ];
  return `${WORDS[rating]}: ${parts.join(', ')}.`;
}

function alertsOf({ alerts: { fired, firing } }: DayFigures): string {
  const told =
    fired === 0 ? 'no alert fired' : `${fired} ${fired === 1 ? 'alert' : 'alerts'} fired`;
  return firing === 0 ? told : `${told} and ${firing} not over`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
