import { announcer } from './announcer.js';
import type { Plant } from './compose-models.js';
import type { Exposures, RunningExperiments } from './experiment/running-experiments.js';
import type { ReadFeatures } from './feature/read-features.js';
import { followTopic } from './graphql/follow-topic.js';
import type { Serving } from './model/serving.js';
import { feedBusTopic } from './plant/feed-log.js';
import { armVersions } from './prediction/arm-versions.js';
import { DEGRADED_TOPIC } from './prediction/degrade.messages.js';
import { degradation } from './prediction/degrade.js';
import { lastScores } from './prediction/last-score.store.js';
import { otherScores } from './prediction/other-scores.js';
import { inExperiment } from './prediction/predict-in-experiment.js';
import type { PredictUsersDeps } from './prediction/predict-users.js';
import { followCustomers } from './prediction/result-cache-follow.js';
import { CUSTOMERS_CHANGED_TOPIC, customersChanged } from './prediction/result-cache.messages.js';
import { resultCache, type ResultCache } from './prediction/result-cache.js';
import { ShadowResolver } from './prediction/shadow.resolver.js';
import { shadowStore } from './prediction/shadow.store.js';
import { shadowQuestions, type ShadowQuestions } from './prediction/shadow.js';
import { ERASED_TOPIC } from './privacy/privacy.messages.js';

/** How a process serves; what is left out has its default. */
export interface ServingSettings {
  /** Answers remembered at most; 0 scores every question. */
  resultCacheEntries: number;
  /** A model gets so long for an answer; default 2,000 ms. */
  scoreWithinMs?: number;
  /** An older stored score does not answer in the place of the model; default 24 hours. */
  lastScoreMaxAgeMs?: number;
  onAnswers?: PredictUsersDeps['onAnswers'];
  onServed?: PredictUsersDeps['onServed'];
}

/** What experiments on models need; without it production answers everybody. */
export interface ServingExperiments {
  running: Pick<RunningExperiments, 'live' | 'ofModel'>;
  exposures: Pick<Exposures, 'expose'>;
}

const SCORE_WITHIN_MS = 2_000;

/** What surrounds a score: what answers in the model's place, what is remembered, who is asked in the shadow. */
export interface ServingParts {
  /** For `predictionLoaders` and, but for the cache and the shadow, `ScoreResolver`. */
  predicting: Required<
    Pick<PredictUsersDeps, 'scoreWithinMs' | 'inPlaceOfModel' | 'resultCache' | 'shadow'>
  > &
    Pick<PredictUsersDeps, 'onAnswers' | 'onServed' | 'inExperiment'>;
  resultCache: ResultCache;
  shadow: ShadowQuestions;
  resolvers: object[];
  /** Events of these customers were stored: answers about them are forgotten here at once, elsewhere by the bus. */
  customersChanged(userIds: Iterable<number>): void;
  close(): Promise<void>;
}

export function composeServing(
  plant: Pick<Plant, 'db' | 'bus' | 'scorer' | 'clock' | 'log'>,
  serving: Pick<Serving, 'shadow' | 'onSwitch' | 'use'>,
  readFeatures: ReadFeatures,
  settings: ServingSettings,
  experiments?: ServingExperiments,
): ServingParts {
  const { db, bus, scorer, clock, log } = plant;
  const { resultCacheEntries, scoreWithinMs, lastScoreMaxAgeMs, onAnswers, onServed } = settings;
  const announce = announcer(plant);
  const cache = resultCache({ entries: resultCacheEntries });
  serving.onSwitch(({ model, version }) => {
    cache.keepOnly(model.id, version.id);
  });
  const following = followCustomers({
    subscribe: (topic) => bus.subscribe(topic),
    cache,
    log,
    changed: CUSTOMERS_CHANGED_TOPIC,
    clearing: ERASED_TOPIC,
  });
  const shadows = shadowStore(db);
  const shadow = shadowQuestions({
    serving,
    readFeatures,
    scorer,
    write: shadows.write,
    clock,
    log,
  });
  const arms = experiments && composeArms(plant, serving, shadows.write, settings, experiments);
  const spells = degradation({
    log,
    monotonicMs: () => clock.monotonicMs(),
    onChange: (change) => {
      announce(DEGRADED_TOPIC, change);
    },
  });
  return {
    predicting: {
      scoreWithinMs: scoreWithinMs ?? SCORE_WITHIN_MS,
      inPlaceOfModel: {
        degradation: spells,
        lastScores: lastScores(db),
        ...(lastScoreMaxAgeMs === undefined ? {} : { lastScoreMaxAgeMs }),
      },
      resultCache: cache,
      shadow,
      ...(onAnswers ? { onAnswers } : {}),
      ...(onServed ? { onServed } : {}),
      ...(arms ? { inExperiment: arms.inExperiment } : {}),
    },
    resultCache: cache,
    shadow,
    resolvers: [new ShadowResolver({ agreement: shadows.agreement, losses: shadow.of })],
    customersChanged: (userIds) => {
      if (resultCacheEntries === 0) return;
      const changed = new Set(userIds);
      cache.evictCustomers(changed);
      for (const message of customersChanged(changed)) announce(CUSTOMERS_CHANGED_TOPIC, message);
    },
    close: async () => {
      await following.close();
      await shadow.idle();
      await arms?.close();
    },
  };
}

/** Arms that are versions: held loaded while their experiment is live, asked for who is in it. */
function composeArms(
  { bus, clock, log }: Pick<Plant, 'bus' | 'clock' | 'log'>,
  serving: Pick<Serving, 'use'>,
  write: ReturnType<typeof shadowStore>['write'],
  { scoreWithinMs = SCORE_WITHIN_MS }: ServingSettings,
  { running, exposures }: ServingExperiments,
) {
  const monotonicMs = (): number => clock.monotonicMs();
  const arms = armVersions({ serving, log, monotonicMs, waitMs: scoreWithinMs });
  const others = otherScores({ write, log });
  const look = (): void => {
    arms.follow(running.live(clock.now()));
  };
  look();
  const following = followTopic({
    subscribe: () => bus.subscribe(feedBusTopic('experiment')),
    look,
    onInterrupted: (error) => {
      log.warn({ err: error }, 'following experiments was interrupted');
    },
  });
  return {
    inExperiment: inExperiment({
      ...{ running, exposures, arms, others, clock, log },
      spells: degradation({ log, monotonicMs, meanwhile: 'production answers for its arm' }),
    }),
    close: async () => {
      await following.close();
      await others.idle();
      arms.close();
    },
  };
}
