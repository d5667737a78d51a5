/** A request in the queue, as far as batching cares. */
export interface Waiting {
  /** Only requests with the same key can share a run: one model, one kind of answer. */
  readonly key: string;
  readonly rows: number;
  /** Rows already handed to a worker; the queue holds only requests with `sent < rows`. */
  readonly sent: number;
  /** Upper bound of rows in a run of this key, >= 1. */
  readonly maxRowsPerRun: number;
}

/** Rows [from, to) of a request. */
export interface Piece<W> {
  request: W;
  from: number;
  to: number;
}

export interface Run<W> {
  pieces: [Piece<W>, ...Piece<W>[]];
  /** Whether the run was led by a request too big for one run. */
  big: boolean;
}

/**
 * What the next free worker should run; null for an empty queue. A request that fits in one run is never
 * split; a bigger one goes in full chunks, and gives way to the small ones after every chunk, so that
 * neither starves the other. The run is filled up, in queue order, with small requests of the same key.
 * Turns among several big requests are the caller's: put one that has rows left at the end of the queue.
 * Pure; cost O(queue).
 */
export function planRun<W extends Waiting>(
  queue: readonly W[],
  previousWasBig: boolean,
): Run<W> | null {
  const first = queue.find((request) => isBig(request) !== previousWasBig) ?? queue[0];
  if (!first) return null;
  const to = Math.min(first.rows, first.sent + first.maxRowsPerRun);
  const pieces: Run<W>['pieces'] = [{ request: first, from: first.sent, to }];
  let room = first.maxRowsPerRun - (to - first.sent);
  for (const request of queue) {
    if (room === 0) break;
    if (request === first || request.key !== first.key || isBig(request) || request.rows > room)
      continue;
    pieces.push({ request, from: 0, to: request.rows });
    room -= request.rows;
  }
  return { pieces, big: isBig(first) };
}

function isBig(request: Waiting): boolean {
  return request.rows > request.maxRowsPerRun;
}
