import { newestOnly, type NewestOnly } from '../graphql/newest-only.js';
import { withCounts, zeroCounts } from '../kernel/count.js';
import { AppError } from '../kernel/error.js';
import { pause } from '../kernel/pause.js';
import { DEGRADED_TOPIC, degradedMessage } from './degrade.messages.js';
import type { ModelHealth } from './model-health.js';
import { predictionTopic } from './prediction.messages.js';

export interface FollowHealthDeps {
  subscribe(topic: string): AsyncIterableIterator<unknown>;
  modelByName(name: string): Promise<{ id: string; name: string } | null>;
  /** `modelHealth` with its deps. */
  modelHealth(model: { id: string; name: string }): Promise<ModelHealth>;
}

/** After figures were read they stand for so long, whatever happens. */
export const AT_MOST_EVERY_MS = 1_000;
/** Then they are read when something happened, or when they are so old. */
export const AT_LEAST_EVERY_MS = 30_000;

type Seat = NewestOnly<ModelHealth>;

/**
 * The figures of a model now, then whenever predictions of it were made or it began or ceased to be answered for, at
 * most once a second and at least every 30 s. All who follow a model share its watch: each reading is made once and
 * told to all (also one made for a newcomer), and who reads slowly gets the newest. A watch ends with its last follower.
 * @throws AppError NOT_FOUND at the first step
 */
export function followHealth(
  deps: FollowHealthDeps,
): (name: string) => AsyncIterableIterator<ModelHealth> {
  const watches = new Map<string, Watch>();
  const watchOf = (name: string): Watch => {
    const present = watches.get(name);
    if (present) return present;
    const watch = new Watch(deps, name, () => watches.delete(name));
    watches.set(name, watch);
    watch.start();
    return watch;
  };
  return (name) => {
    let watch: Watch | null = null;
    return newestOnly<ModelHealth>({
      onOpen: (seat) => {
        watch = watchOf(name);
        watch.join(seat);
      },
      onEnd: (seat) => watch?.leave(seat),
    });
  };
}

/** Reads the figures of one model for all who follow it. */
class Watch {
  private readonly seats = new Set<Seat>();
  private readonly ended = new AbortController();
  private readonly sources: AsyncIterableIterator<unknown>[] = [];
  /** What was read less than a second ago. */
  private fresh: ModelHealth | null = null;
  private changed = false;
  /** Set while nothing is to be done. */
  private waiting: AbortController | null = null;

  constructor(
    private readonly deps: FollowHealthDeps,
    private readonly name: string,
    private readonly onEnd: () => void,
  ) {}

  start(): void {
    // what is read for all is not counted to the operation of whoever came first
    void withCounts(zeroCounts(), () => this.run()).catch((error: unknown) => {
      this.end({ error });
    });
  }

  join(seat: Seat): void {
    this.seats.add(seat);
    if (this.fresh) seat.put(this.fresh);
    else this.waiting?.abort();
  }

  leave(seat: Seat): void {
    this.seats.delete(seat);
    if (this.seats.size === 0) this.end();
  }

  private async run(): Promise<void> {
    const model = await this.deps.modelByName(this.name);
    if (!model) throw new AppError('NOT_FOUND', `no model is named ${this.name}`);
    if (this.isOver()) return;
    this.listen(predictionTopic(model.id), () => true);
    this.listen(
      DEGRADED_TOPIC,
      (message) => degradedMessage.safeParse(message).data?.modelId === model.id,
    );
    while (!this.isOver()) {
      this.changed = false;
      const health = await this.deps.modelHealth(model);
      this.fresh = health;
      for (const seat of this.seats) seat.put(health);
      await pause(AT_MOST_EVERY_MS, this.ended.signal);
      this.fresh = null;
      if (!this.hasChanged() && !this.isOver()) await this.idle();
    }
  }

  private isOver(): boolean {
    return this.ended.signal.aborted;
  }

  private hasChanged(): boolean {
    return this.changed;
  }

  private async idle(): Promise<void> {
    this.waiting = new AbortController();
    await pause(AT_LEAST_EVERY_MS - AT_MOST_EVERY_MS, this.waiting.signal);
    this.waiting = null;
  }

  private listen(topic: string, concerns: (message: unknown) => boolean): void {
    const messages = this.deps.subscribe(topic);
    this.sources.push(messages);
    const read = async (): Promise<void> => {
      for await (const message of messages)
        if (concerns(message)) {
          this.changed = true;
          this.waiting?.abort();
        }
      this.end();
    };
    read().catch((error: unknown) => {
      this.end({ error });
    });
  }

  private end(failure?: { error: unknown }): void {
    if (this.isOver()) return;
    this.ended.abort();
    this.waiting?.abort();
    this.onEnd();
    for (const source of this.sources) void source.return?.();
    for (const seat of [...this.seats]) seat.end(failure);
  }
}
