import { NAME_PATTERN } from '../event/event.js';

/** What a metric reads of the events of one type after a customer's first exposure. */
const EVENT_METRICS = ['share', 'count', 'sum', 'mean'] as const;
/** What a metric says about the version behind an arm, on the outcomes that came in. */
const MODEL_METRICS = ['auc', 'f1', 'precision', 'recall', 'accuracy'] as const;
export type EventMetricKind = (typeof EVENT_METRICS)[number];
export type ModelMetricName = (typeof MODEL_METRICS)[number];

/** A metric of an experiment, parsed. */
export type ExperimentMetric =
  | {
      /**
       * `share`: of exposed customers with at least one such event, 0..1. `count` and `sum` (of values): per exposed
       * customer. `mean`: of the values of the events, per event that has one.
       */
      kind: EventMetricKind;
      /** Type of the events. */
      type: string;
    }
  | { kind: 'model'; name: ModelMetricName };

/** The forms there are, for messages. */
export const METRIC_RULE = `${EVENT_METRICS.map((kind) => `${kind}:TYPE`).join(', ')} or ${MODEL_METRICS.map((name) => `model:${name}`).join(', ')}`;

/** `share:purchase`, `sum:purchase`, `model:f1` …; null when it is none of the forms, or TYPE is no type of events. */
export function parseMetric(text: string): ExperimentMetric | null {
  const colon = text.indexOf(':');
  if (colon < 0) return null;
  const form = text.slice(0, colon);
  const rest = text.slice(colon + 1);
  if (form === 'model') {
    const name = MODEL_METRICS.find((each) => each === rest);
    return name ? { kind: 'model', name } : null;
  }
  const kind = EVENT_METRICS.find((each) => each === form);
  return kind && NAME_PATTERN.test(rest) ? { kind, type: rest } : null;
}
