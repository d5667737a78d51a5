import { createHash } from 'node:crypto';
import { printSchema, type GraphQLSchema } from 'graphql';
import type { AuditEntry } from '../../access/audit.store.js';
import { followTopic } from '../../graphql/follow-topic.js';
import type { SchemaSource } from '../../graphql/schema-source.js';
import { withCounts, zeroCounts } from '../../kernel/count.js';
import { AppError } from '../../kernel/error.js';
import { pause } from '../../kernel/pause.js';
import type { Log } from '../../plant/ports.js';
import type { FeatureDefinition } from '../feature.js';
import { FEATURE_TOPIC } from '../feature.messages.js';
import { featureSubject } from '../register-feature.js';
import { featureFields, featuresWithField, type FeatureField } from './feature-set.js';
import { withFeatureFields } from './with-feature-fields.js';

/** The schema with a field for every feature that may be asked for, as the registry stands. */
export interface LiveSchema extends SchemaSource {
  /** Builds on `base`, which has FeatureSet with its fixed fields, and follows the registry from now on. */
  open(base: GraphQLSchema): Promise<void>;
  /**
   * Reads the registry and swaps the schema where it differs; calls that come meanwhile share one more round.
   * After it the schema holds whatever was committed before the call. Never fails: the present schema goes on.
   * Before `open` it does nothing.
   */
  refresh(): Promise<void>;
  /** `change`, answered after the schema has followed: the next question of this process sees it. */
  following<A extends unknown[], T>(change: (...args: A) => Promise<T>): (...args: A) => Promise<T>;
  close(): Promise<void>;
}

export interface LiveSchemaDeps {
  /** The whole registry, as it is now. */
  registry: () => Promise<FeatureDefinition[]>;
  auditBySubjects: (subjects: readonly string[]) => Promise<AuditEntry[][]>;
  subscribe: (topic: string) => AsyncIterableIterator<unknown>;
  log: Log;
  /** The bus delivers at most once: the registry is read again this often. Default 5,000. */
  lookAgainEveryMs?: number;
}

const LOOK_AGAIN_EVERY_MS = 5_000;
/** News that come within this time are one. */
const GATHER_MS = 100;

/** A schema that follows the registry of features; to be opened before it is asked for. */
export function liveSchema(deps: LiveSchemaDeps): LiveSchema {
  return new FollowingSchema(deps);
}

interface Present {
  base: GraphQLSchema;
  baseText: string;
  schema: GraphQLSchema;
  version: string;
  /** The features of the schema, to see at a glance whether anything moved. */
  standing: string;
}

class FollowingSchema implements LiveSchema {
  private present: Present | null = null;
  private readonly listeners = new Set<(schema: GraphQLSchema) => void>();
  private running: Promise<void> = Promise.resolve();
  private next: Promise<void> | null = null;
  private soon: Promise<void> | null = null;
  private followed: { close(): Promise<void> } | null = null;
  private readonly ended = new AbortController();

  constructor(private readonly deps: LiveSchemaDeps) {}

  async open(base: GraphQLSchema): Promise<void> {
    const baseText = printSchema(base);
    const version = versionOf(baseText, []);
    this.present = { base, baseText, schema: base, version, standing: standingOf([]) };
    await this.refresh();
    this.followed = this.followRegistry();
  }

  current(): GraphQLSchema {
    return this.opened().schema;
  }

  version(): string {
    return this.opened().version;
  }

  onSwap(listener: (schema: GraphQLSchema) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  refresh(): Promise<void> {
    // the round under way may have read the registry before the change that this call is about
    this.next ??= this.running.then(() => {
      this.next = null;
      this.running = withCounts(zeroCounts(), () => this.reread());
      return this.running;
    });
    return this.next;
  }

  following<A extends unknown[], T>(
    change: (...args: A) => Promise<T>,
  ): (...args: A) => Promise<T> {
    return async (...args) => {
      const changed = await change(...args);
      await this.refresh();
      return changed;
    };
  }

  async close(): Promise<void> {
    this.ended.abort();
    await this.followed?.close();
    await this.soon;
    await (this.next ?? this.running);
  }

  private followRegistry(): { close(): Promise<void> } {
    const { subscribe, log, lookAgainEveryMs = LOOK_AGAIN_EVERY_MS } = this.deps;
    return followTopic({
      subscribe: () => subscribe(FEATURE_TOPIC),
      look: () => {
        this.refreshSoon();
      },
      onInterrupted: (error) => {
        log.warn({ err: error }, 'following the registry of features was interrupted');
      },
      everyMs: lookAgainEveryMs,
    });
  }

  /** Many approvals in a row make few schemas. */
  private refreshSoon(): void {
    this.soon ??= pause(GATHER_MS, this.ended.signal).then(() => {
      this.soon = null;
      return this.refresh();
    });
  }

  private async reread(): Promise<void> {
    if (!this.present) return;
    try {
      const features = featuresWithField(await this.deps.registry());
      const standing = standingOf(features);
      if (standing === this.present.standing) return;
      const history = await this.historyOf(features);
      const fields = featureFields(features, (feature) => history.get(feature) ?? []);
      this.swap(this.present, fields, standing);
    } catch (error) {
      this.deps.log.error(
        { err: error },
        'the schema could not follow the registry of features; the present one goes on',
      );
    }
  }

  private async historyOf(features: readonly FeatureDefinition[]) {
    const deprecated = features.filter(({ status }) => status === 'DEPRECATED');
    if (deprecated.length === 0) return new Map<FeatureDefinition, AuditEntry[]>();
    const entries = await this.deps.auditBySubjects(deprecated.map(featureSubject));
    return new Map(deprecated.map((feature, index) => [feature, entries[index] ?? []]));
  }

  private swap(present: Present, fields: readonly FeatureField[], standing: string): void {
    const schema = withFeatureFields(present.base, fields);
    const version = versionOf(present.baseText, fields);
    this.present = { ...present, schema, version, standing };
    for (const listener of this.listeners) listener(schema);
  }

  private opened(): Present {
    if (!this.present) throw new AppError('INTERNAL', 'the live schema was not opened');
    return this.present;
  }
}

/** All that fields are made of; a move sets `updatedAt`, so another reason for it is seen too. */
function standingOf(features: readonly FeatureDefinition[]): string {
  return JSON.stringify(
    features.map(({ id, status, updatedAt, type, unit, description, businessMeaning }) => [
      id,
      status,
      updatedAt,
      type,
      unit,
      description,
      businessMeaning,
    ]),
  );
}

function versionOf(base: string, fields: readonly FeatureField[]): string {
  const shown = fields.map(({ feature: { name, type }, description, deprecationReason }) => [
    name,
    type,
    description,
    deprecationReason,
  ]);
  const hash = createHash('sha256').update(base).update(JSON.stringify(shown));
  return hash.digest('base64url').slice(0, 22);
}
