import type { Presented } from '../access/authenticate.js';
import type { OpenedSession } from '../access/login-link.js';
import type { Viewer } from '../graphql/context.js';
import type { CountsExtension } from '../graphql/counts-extension.js';
import type { OperationLimits } from '../graphql/limits.js';
import { DEFAULT_OPERATION_LIMITS } from '../graphql/limits.js';
import type { SchemaSource } from '../graphql/schema-source.js';
import type { Clock } from '../kernel/clock.js';
import type { Log } from '../plant/ports.js';
import type { Traces } from '../plant/traces.js';
import type { ExampleOperation } from './examples/example.js';

/** Every bound of the door. Times in milliseconds. */
export interface DoorLimits extends OperationLimits {
  /** Largest HTTP body. */
  maxBodyBytes: number;
  /**
   * Bytes of all HTTP bodies larger than 64 KiB that are in hand at once, from their arrival to their answer;
   * at least `maxBodyBytes`. Who comes on top waits; smaller bodies always pass.
   */
  maxBodyBytesInHand: number;
  /**
   * How many of them: fewer than the connections to the database, so that a question never waits for them all.
   */
  maxBodiesInHand: number;
  /** How long a large body waits for its turn before it is refused as UNAVAILABLE. */
  bodyTurnMs: number;
  /** Deepest nesting of brackets in a JSON body or WebSocket message. */
  maxJsonDepth: number;
  /** Largest message from a WebSocket client. */
  maxMessageBytes: number;
  /** Operations that one WebSocket may have open. */
  maxSubscriptions: number;
  /** Events of one subscription that are read ahead of their subscriber; its source holds what comes beyond. */
  maxUndelivered: number;
  /** A message that the client's side has not taken for so long means a slow subscriber. */
  stallMs: number;
  /** Unsent bytes that one WebSocket may pile up. */
  maxBufferedBytes: number;
  /** How long a WebSocket may take to say who it is. */
  connectionInitMs: number;
  /** Between pings; a WebSocket that missed one is dropped, and its key is looked at again. */
  pingMs: number;
  /** How long a WebSocket that was told to close may take before it is cut. */
  closeGraceMs: number;
  /** How long running requests get at shutdown. */
  drainMs: number;
}

export const DEFAULT_DOOR_LIMITS: DoorLimits = {
  ...DEFAULT_OPERATION_LIMITS,
  maxBodyBytes: 16_777_216,
  maxBodyBytesInHand: 33_554_432,
  maxBodiesInHand: 6,
  bodyTurnMs: 30_000,
  maxJsonDepth: 100,
  maxMessageBytes: 262_144,
  maxSubscriptions: 100,
  maxUndelivered: 1_000,
  stallMs: 10_000,
  maxBufferedBytes: 16_777_216,
  connectionInitMs: 3_000,
  pingMs: 30_000,
  closeGraceMs: 5_000,
  drainMs: 10_000,
};

/** One line of `/readyz`. */
export interface ReadinessCheck {
  name: string;
  ok: boolean;
  detail: string;
}

/** What one operation (or one event of a subscription) came to; for the metrics. */
export interface OperationReport {
  transport: 'http' | 'websocket';
  kind: 'query' | 'mutation' | 'subscription' | 'unknown';
  /** Codes of the errors answered; empty when there were none. */
  errorCodes: readonly string[];
  counts: CountsExtension;
}

/** What the server is made of; compose.ts fills it in. */
export interface ServerOptions {
  /** Looked at anew by every operation. */
  schema: SchemaSource;
  config: {
    host: string;
    /** 0 takes a free one. */
    port: number;
    /** Origins of browsers besides the own one, without a slash at the end. */
    allowedOrigins: readonly string[];
    /** Where browsers reach the server when that is not `http://host:port`; with https, cookies are Secure. */
    publicUrl?: string | null;
    /** What differs from `DEFAULT_DOOR_LIMITS`. */
    limits?: Partial<DoorLimits>;
  };
  clock: Clock;
  log: Log;
  authenticate: (presented: Presented) => Promise<Viewer | null>;
  login: {
    openLoginLink: (secret: string) => Promise<OpenedSession | null>;
    signInWithKey: (key: string) => Promise<OpenedSession | null>;
    signOut: (session: string) => Promise<void>;
  };
  /** Folder that bin/build-explorer.mjs filled. */
  explorerFolder: string;
  /** Operations that the explorer offers; the product's own unless a test says otherwise. */
  exampleOperations?: readonly ExampleOperation[];
  readiness: () => Promise<ReadinessCheck[]>;
  metricsText: () => Promise<string>;
  onOperation?: (report: OperationReport) => void;
  /** Traces of operations; null or left out: none are made. */
  traces?: Pick<Traces, 'open'> | null;
}
