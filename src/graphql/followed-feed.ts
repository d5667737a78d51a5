import { AppError } from '../kernel/error.js';
import { pause } from '../kernel/pause.js';
import { liveFeed } from './live-feed.js';
import { lookWhenWoken } from './look-when-woken.js';
import { openSeat, type Seat } from './seat.js';

/** Where a topic stands. */
export interface FeedBounds {
  /** Newest number of a change, or that of the newest one forgotten; 0 before the first. */
  head: number;
  /** Newest number that is not held any more, 0 while all are. */
  forgotten: number;
  /** Highest number that was ever given out, of whatever topic. */
  given: number;
}

export interface FollowedFeedDeps<E extends { id: number }> {
  /** What changes, as it is called in messages. */
  topic: string;
  /** Changes after a number, oldest first; what subscribers need of the rows comes with them, once for all. */
  read(after: number, limit: number): Promise<E[]>;
  bounds(): Promise<FeedBounds>;
  /** Messages that say there may be changes. */
  subscribe(): AsyncIterableIterator<unknown>;
  /** Told what failed; it is tried again. */
  onInterrupted(error: unknown): void;
  /** Read again this often without a message, 1,000..5,000 ms (default 2,000). */
  everyMs?: number;
  /** Changes read at once, default 500. */
  page?: number;
  /** Unread changes a subscriber may have, default 1,000. */
  places?: number;
}

/** What a subscriber wants. */
export interface FollowWish<E> {
  /** The number after which to begin; null: from now on. */
  after: number | null;
  accept(entry: E): boolean;
  /** Told first: asked for when no later change can be missed any more. null: nothing; what it throws ends the stream. */
  begin?(): Promise<E | null>;
}

/** One reader of a topic for all of its subscribers in this process. */
export interface FollowedFeed<E> {
  /**
   * With `after`, first what was missed, read as fast as it is taken; then every change as it is committed: in
   * order, none lost, none twice. Nothing is opened before the first `next`, which throws AppError INVALID for a
   * number that is not held any more or was never given out. Who leaves too much unread gets SLOW_SUBSCRIBER.
   */
  follow(wish: FollowWish<E>): AsyncIterableIterator<E>;
  /** Subscribers now. */
  seats(): number;
  /** Ends all streams; resolves when nothing is read any more. */
  close(): Promise<void>;
}

/** What is handed to a seat that is attached: changes from its own number on. */
interface Attached<E> {
  from: number;
  accept(entry: E): boolean;
}

/** A reader while somebody follows; who comes after the last has left begins anew. */
interface Reader<E> {
  /** Everything up to here was handed to the seats that are attached; null before the first look. */
  head(): number | null;
  /** Resolves with the first look. */
  ready: Promise<void>;
  attached: Map<Seat<E>, Attached<E>>;
  /** All who need it, attached or catching up. */
  users: number;
  close(): Promise<void>;
}

const EVERY_MS = 2_000;
const PAGE = 500;
const PLACES = 1_000;
/** How long the next page of a burst waits for subscribers to read the one before. */
const PATIENCE_MS = 1_000;

/** Opens the follower of a topic; it reads nothing while nobody follows. */
export function followedFeed<E extends { id: number }>(deps: FollowedFeedDeps<E>): FollowedFeed<E> {
  const { topic, places = PLACES } = deps;
  const seats = new Set<Seat<E>>();
  const closing = new Set<Promise<void>>();
  let closed = false;
  let current: Reader<E> | null = null;

  const enter = (seat: Seat<E>): Reader<E> => {
    const reader = (current ??= openReader(deps));
    reader.users += 1;
    seats.add(seat);
    return reader;
  };
  const leave = (reader: Reader<E>, seat: Seat<E>): void => {
    seats.delete(seat);
    reader.attached.delete(seat);
    reader.users -= 1;
    if (reader.users > 0) return;
    if (current === reader) current = null;
    const gone = reader.close().finally(() => closing.delete(gone));
    closing.add(gone);
  };

  return {
    follow(wish) {
      let onLeave = (): void => undefined;
      const left = new Promise<void>((resolve) => (onLeave = resolve));
      let reader: Reader<E> | null = null;
      const seat: Seat<E> = openSeat(topic, places, () => {
        onLeave();
        if (reader) leave(reader, seat);
      });
      const open = (): Seat<E> => {
        if (closed) seat.end();
        else reader = enter(seat);
        return seat;
      };
      return liveFeed<E>(open, async function* () {
        if (!reader) return;
        await Promise.race([reader.ready, left]);
        const { attached, head } = reader;
        const takeSeat = (from: number): void => {
          if (seats.has(seat)) attached.set(seat, { from, accept: wish.accept });
        };
        if (wish.after === null) takeSeat(head() ?? 0);
        const first = await wish.begin?.();
        if (first) yield first;
        if (wish.after !== null) yield* catchUp(deps, wish, wish.after, reader, takeSeat);
        for await (const entry of seat) yield entry;
      });
    },
    seats: () => seats.size,
    async close() {
      closed = true;
      for (const seat of [...seats]) seat.end();
      await Promise.all(closing);
    },
  };
}

function openReader<E extends { id: number }>(deps: FollowedFeedDeps<E>): Reader<E> {
  const { onInterrupted, everyMs = EVERY_MS, page = PAGE } = deps;
  const ended = new AbortController();
  const attached: Reader<E>['attached'] = new Map();
  let head: number | null = null;
  let isReady = (): void => undefined;
  const ready = new Promise<void>((resolve) => (isReady = resolve));
  const look = async (): Promise<void> => {
    head ??= (await deps.bounds()).head;
    isReady();
    while (!ended.signal.aborted) {
      const entries = await deps.read(head, page);
      // in one turn: a seat is attached before a page or after it, never in the middle
      for (const entry of entries)
        for (const [seat, { from, accept }] of attached)
          if (entry.id > from && accept(entry)) seat.put(entry);
      head = entries.at(-1)?.id ?? head;
      if (entries.length < page) return;
      await roomFor(page, attached, ended.signal);
    }
  };
  const watch = lookWhenWoken({ look, onInterrupted, everyMs, listenTo: deps.subscribe });
  return {
    head: () => head,
    ready,
    attached,
    users: 0,
    close() {
      ended.abort();
      return watch.close();
    },
  };
}

/** A burst is handed out as fast as it is read, within limits: one who does not read keeps the others for so long. */
async function roomFor<E>(
  entries: number,
  attached: ReadonlyMap<Seat<E>, unknown>,
  ended: AbortSignal,
): Promise<void> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS && !ended.aborted; waitedMs += 10) {
    if ([...attached.keys()].every((seat) => seat.room() >= entries)) return;
    await pause(10, ended);
  }
}

/**
 * What was missed, page by page as it is taken, until the reader's head is reached; then the seat is attached there.
 * A page that is not full holds all there was when it was read, so everything up to what the head was before.
 */
async function* catchUp<E extends { id: number }>(
  { topic, read, bounds, page = PAGE }: FollowedFeedDeps<E>,
  { accept }: FollowWish<E>,
  after: number,
  reader: Reader<E>,
  takeSeat: (from: number) => void,
): AsyncGenerator<E, void, void> {
  let position = after;
  for (;;) {
    const headBefore = reader.head() ?? 0;
    const entries = await read(position, page);
    // looked at after the page was read: what had gone by then is known to have gone
    const { forgotten, given } = await bounds();
    if (position > given)
      throw new AppError('INVALID', 'after is a cursor that was never given out here');
    if (position < forgotten)
      throw new AppError(
        'INVALID',
        `${topic} changes since that cursor are no longer held; read what is there now and subscribe without after`,
      );
    for (const entry of entries) if (accept(entry)) yield entry;
    const last = entries.at(-1)?.id ?? position;
    position = entries.length < page ? Math.max(last, headBefore) : last;
    if (reader.users > 0 && position < (reader.head() ?? 0)) continue;
    takeSeat(position);
    return;
  }
}
