import { userError, type UserError } from '../kernel/error.js';
import {
  EXPERIMENT_TRANSITIONS,
  type Experiment,
  type ExperimentEvent,
  type ExperimentStatus,
} from './experiment.js';
import type { ExperimentStore } from './experiment.store.js';

/** An experiment to be started, stopped or concluded. */
export interface MoveRequest {
  key: string;
  event: ExperimentEvent;
  /** Real time. */
  at: Date;
  actor: string;
  /** Of a conclusion: key of a variant, or null for none. */
  winner: string | null;
}

export interface MoveExperimentDeps extends Pick<ExperimentStore, 'move'> {
  wall(): Date;
  /** The instant windows are compared with. */
  now(): Date;
  /** Tells every process, this one first. */
  changed(): Promise<void>;
  /** After a conclusion. */
  onConcluded?(experiment: Experiment): Promise<void>;
}

/** Whether two windows share an instant; ends are not part of them. */
export function windowsOverlap(
  one: Pick<Experiment, 'startsAt' | 'endsAt'>,
  other: Pick<Experiment, 'startsAt' | 'endsAt'>,
): boolean {
  return one.startsAt < other.endsAt && other.startsAt < one.endsAt;
}

/**
 * What an event makes of an experiment, or why it is refused.
 * @param running the others that RUN the same model; at overlapping windows two of them would both decide who answers
 */
export function decideMove(
  experiment: Experiment,
  event: ExperimentEvent,
  { now, winner, running }: { now: Date; winner: string | null; running: readonly Experiment[] },
): { from: ExperimentStatus; to: ExperimentStatus } | UserError {
  const { key, status, endsAt } = experiment;
  const to = EXPERIMENT_TRANSITIONS[status][event];
  if (to === undefined)
    return userError(
      'CONFLICT',
      `experiment ${key} is ${status}: ${event} is possible ${possibleFrom(event)}`,
      'key',
    );
  if (event === 'START') {
    if (endsAt <= now)
      return userError(
        'CONFLICT',
        `the window of experiment ${key} ended at ${endsAt.toISOString()}, it is ${now.toISOString()}: it cannot be started, who was in which arm can be imported`,
        'key',
      );
    const other = running.find((each) => windowsOverlap(each, experiment));
    if (other)
      return userError(
        'CONFLICT',
        `experiment ${other.key} runs the same model until ${other.endsAt.toISOString()}: stop or conclude it first`,
        'key',
      );
  }
  if (event === 'CONCLUDE' && winner !== null && !hasVariant(experiment, winner))
    return userError(
      'INVALID',
      `winner must be one of ${experiment.variants.map((variant) => variant.key).join(', ')} or null, got ${winner.slice(0, 80)}`,
      'winner',
    );
  return { from: status, to };
}

function hasVariant({ variants }: Experiment, key: string): boolean {
  return variants.some((variant) => variant.key === key);
}

function possibleFrom(event: ExperimentEvent): string {
  const statuses = Object.entries(EXPERIMENT_TRANSITIONS)
    .filter(([, events]) => events[event] !== undefined)
    .map(([status]) => status);
  return `when it is ${statuses.join(' or ')}`;
}

/** Starts, stops or concludes an experiment; audited. A winning version of a model is not promoted by it. */
export async function moveExperiment(
  deps: MoveExperimentDeps,
  request: Omit<MoveRequest, 'at'>,
): Promise<{ experiment: Experiment | null; userErrors: UserError[] }> {
  const { key, event, winner } = request;
  const now = deps.now();
  const moved = await deps.move({ ...request, at: deps.wall() }, (experiment, running) =>
    decideMove(experiment, event, { now, winner, running }),
  );
  if (!moved) {
    const unknown = `no experiment has the key ${key.slice(0, 80)}`;
    return { experiment: null, userErrors: [userError('NOT_FOUND', unknown, 'key')] };
  }
  if (moved.error) return { experiment: moved.experiment, userErrors: [moved.error] };
  await deps.changed();
  if (event === 'CONCLUDE') await deps.onConcluded?.(moved.experiment);
  return { experiment: moved.experiment, userErrors: [] };
}
