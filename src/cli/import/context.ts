import type { Clock } from '../../kernel/clock.js';
import type { UserErrorCode } from '../../kernel/error.js';
import type { Output } from '../output.js';

/** An event as `recordEvents` takes it. */
export interface ImportedEvent {
  source: string;
  id: string;
  user: string;
  type: string;
  at: Date;
  value: number | null;
  properties: Record<string, unknown> | null;
  /** Key of the device; null = none named. */
  device?: string | null;
}

/** A profile as `upsertUsers` takes it. */
export interface ImportedUser {
  externalId: string;
  name?: string | null;
  email?: string | null;
  registeredAt?: Date | null;
  attributes?: Record<string, string | number | boolean | null>;
}

/** An outcome as `recordOutcomes` takes it. */
export interface ImportedOutcome {
  user: string;
  model: string;
  at: Date;
  positive: boolean;
  source: string;
}

/** A customer in an arm as `importAssignments` takes it. */
export interface ImportedAssignment {
  user: string;
  variant: string;
  /** null: since the experiment started. */
  at: Date | null;
}

/** A ticket as `recordTickets` takes it. */
export interface ImportedTicket {
  source: string;
  key: string;
  user: string;
  issueType: string;
  text: string | null;
  openedAt: Date;
  resolvedAt: Date | null;
  satisfaction: number | null;
  ratedAt: Date | null;
}

/** A device as `upsertDevices` takes it. */
export interface ImportedDevice {
  key: string;
  type?: string;
  osVersion?: string;
  firstSeenAt: Date | null;
  users: readonly string[];
}

/** A row that a use case did not take; `index` counts from 0 in the call. */
export interface Refusal {
  index: number;
  code: UserErrorCode;
  message: string;
}

export type AttributeType = 'numerical' | 'categorical' | 'boolean';

/** A column that is to become an attribute feature, as `registerAttributeFeatures` takes it. */
export interface AttributeColumn {
  name: string;
  type: AttributeType;
  /** Distinct values, in so many rows that were looked at. */
  distinct: number;
  rows: number;
}

export interface RegisteredAttributes {
  registered: readonly string[];
  /** Those of them with a number after the name, because it was taken by something else. */
  numbered: readonly { attribute: string; name: string }[];
  /** Features that compute the same attribute already. */
  kept: readonly string[];
  skipped: readonly { attribute: string; reason: string }[];
}

/** The row in `job` that an import leaves. */
export interface ImportJobs {
  start(input: object): Promise<string>;
  /** `share` 0..1. False when the job was cancelled: the import must end. */
  progress(id: string, share: number, stage: string): Promise<boolean>;
  succeed(id: string, result: object): Promise<void>;
  fail(id: string, error: string): Promise<void>;
}

/** A row of `rejected_row`. */
export interface RejectedRowEntry {
  jobId: string;
  source: string;
  /** External id of the customer, where the row says. */
  userKey?: string | null;
  line: number;
  code: string;
  message: string;
  row: unknown;
  at: Date;
}

/** What an import needs of an installation: use cases, not a database. */
export interface ImportDeps {
  recordEvents(
    rows: readonly ImportedEvent[],
    inTurn: <T>(work: () => Promise<T>) => Promise<T>,
  ): Promise<{ accepted: number; duplicates: number; rejected: readonly Refusal[] }>;
  upsertUsers(
    rows: readonly ImportedUser[],
  ): Promise<{ created: number; updated: number; rejected: readonly Refusal[] }>;
  recordOutcomes(
    rows: readonly ImportedOutcome[],
  ): Promise<{ accepted: number; duplicates?: number; rejected: readonly Refusal[] }>;
  recordTickets(rows: readonly ImportedTicket[]): Promise<{
    created: number;
    updated: number;
    unchanged: number;
    rejected: readonly Refusal[];
  }>;
  upsertDevices(
    rows: readonly ImportedDevice[],
  ): Promise<{ unchanged: number; rejected: readonly Refusal[] }>;
  importAssignments(
    experiment: string,
    rows: readonly ImportedAssignment[],
  ): Promise<{ accepted: number; duplicates: number; rejected: readonly Refusal[] }>;
  /** The experiments there are; `refused` says why one takes no assignments, null: it does. */
  experimentKeys(): Promise<readonly { key: string; refused: string | null }[]>;
  /** The models there are, by name. */
  modelNames(): Promise<readonly string[]>;
  /** Registers attribute features in the order given, in the importer's name. */
  registerAttributeFeatures(
    columns: readonly AttributeColumn[],
    status: 'APPROVED' | 'DRAFT',
  ): Promise<RegisteredAttributes>;
  writeRejectedRows(rows: readonly RejectedRowEntry[]): Promise<void>;
  jobs: ImportJobs;
  clock: Clock;
  /** Where the file of rejected rows goes unless told otherwise. */
  dataDir: string;
}

/** What the commands need of the program around them. */
export interface ImportContext {
  output: Output;
  /** False under NO_COLOR. */
  colour: boolean;
  /** Opens the installation, runs `work`, closes it; only called once file and mapping are found good. */
  withImport<T>(work: (deps: ImportDeps) => Promise<T>): Promise<T>;
}

/** What a run may be told from outside. */
export interface ImportHooks {
  onProgress?(progress: { rows: number; share: number }): void;
  signal?: AbortSignal;
}
