import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as a receiver got it. */
export interface Received {
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** Answers a request; one that never answers hangs. */
export type Answer = (response: http.ServerResponse, received: Received) => void;

export const status =
  (code: number, headers: Record<string, string> = {}, text = ''): Answer =>
  (response) => {
    response.writeHead(code, headers).end(text);
  };
export const hang: Answer = () => undefined;
/** As a process that is gone. */
export const down: Answer = (response) => {
  response.destroy();
};

/** A local HTTP server that answers as it is told to. */
export interface Receiver {
  url: string;
  received: Received[];
  answer: Answer;
  close(): Promise<void>;
}

export async function openReceiver(answer: Answer = status(200)): Promise<Receiver> {
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const got = { headers: request.headers, body: Buffer.concat(parts).toString() };
      receiver.received.push(got);
      receiver.answer(response, got);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received: [],
    answer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return receiver;
}
