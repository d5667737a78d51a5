import type { WebSocket } from 'ws';
import type { Presented } from '../access/authenticate.js';
import type { Viewer } from '../graphql/context.js';
import type { DoorLimits } from './options.js';

/**
 * Why a socket of ours closes, besides the codes of graphql-transport-ws. Clients of that protocol
 * connect again by themselves after `tryAgainLater`, `slowSubscriber` and `unreadBytes`, and stop
 * after `unauthorized`.
 */
export const CLOSE = {
  goingAway: 1001,
  internal: 1011,
  tryAgainLater: 1013,
  badRequest: 4400,
  unauthorized: 4401,
  slowSubscriber: 4290,
  unreadBytes: 4291,
} as const;

/** What one connection is to the operations that run on it. */
export interface SocketLink {
  /** Who this is, asked again: a revoked key must not keep a stream alive. */
  viewer(): Promise<Viewer | null>;
  /** From now on this is what the client shows. */
  present(presented: Presented): void;
  /** Sends a message; resolves when the line has taken it. A line that does not is a slow subscriber's. */
  send(data: string): Promise<void>;
  /** Ends what runs and closes with a reason (cut at 123 bytes); cuts the line if that takes too long. */
  close(code: number, reason: string): void;
  /** Closes when the client leaves too much unread. */
  boundBuffer(): void;
  /** What runs on this connection; ended as soon as the socket closes or is told to. */
  readonly running: Set<{ end(): void }>;
}

/** Links a socket that was just accepted. */
export function openSocketLink(
  socket: WebSocket,
  shown: Presented,
  authenticate: (presented: Presented) => Promise<Viewer | null>,
  limits: DoorLimits,
): SocketLink {
  const running = new Set<{ end(): void }>();
  let presented = shown;
  let closing = false;
  const endAll = (): void => {
    for (const operation of [...running]) operation.end();
    running.clear();
  };
  socket.once('close', endAll);

  const link: SocketLink = {
    running,
    viewer: () => authenticate(presented),
    present: (next) => {
      presented = next;
    },
    send(data) {
      if (socket.readyState !== socket.OPEN) return Promise.resolve();
      return new Promise((resolve) => {
        const stall = setTimeout(() => {
          const reason = `slow subscriber: a message was not taken for ${limits.stallMs} ms; reconnect`;
          link.close(CLOSE.slowSubscriber, reason);
        }, limits.stallMs);
        stall.unref();
        socket.send(data, () => {
          clearTimeout(stall);
          resolve();
        });
        link.boundBuffer();
      });
    },
    boundBuffer() {
      const unread = socket.bufferedAmount;
      if (unread > limits.maxBufferedBytes)
        link.close(
          CLOSE.unreadBytes,
          `${unread} bytes unread, at most ${limits.maxBufferedBytes}; read faster and reconnect`,
        );
    },
    close(code, reason) {
      if (closing) return;
      closing = true;
      socket.close(code, Buffer.from(reason).subarray(0, 123).toString());
      endAll();
      // a client that reads nothing never answers the close
      const cut = setTimeout(() => socket.terminate(), limits.closeGraceMs);
      socket.once('close', () => clearTimeout(cut));
    },
  };
  return link;
}
