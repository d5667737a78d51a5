import 'reflect-metadata';
import { auditStore } from '../../src/access/audit.store.js';
import { composeAlertRoom } from '../../src/compose-alerts.js';
import { composeAlertWork } from '../../src/compose-alert-work.js';
import { serviceSampleStore } from '../../src/alert/service-sample.store.js';
import { sampleCounter, type ServiceCall } from '../../src/alert/service-sample.js';
import type { RoleName } from '../../src/graphql/context.js';
import type { ManualClock } from '../../src/kernel/clock.js';
import { uuidv7 } from '../../src/kernel/uuid.js';
import type { Database } from '../../src/plant/ports.js';
import { userLoaders } from '../../src/user/user-loaders.js';
import { userStore } from '../../src/user/user.store.js';
import { UserConnectionResolver, UserResolver } from '../../src/user/user.resolver.js';
import type { Answer } from '../support/graph.js';
import { memoryBus } from '../support/memory-bus.js';
import { keptLog } from '../support/quiet-log.js';
import { roomGraph } from '../support/room-graph.js';

const CLEARED = [
  ...[
    'alert_delivery',
    'alert_user',
    'alert',
    'alert_rule',
    'alert_tick',
    'feed_entry',
    'feed_position',
    'audit_entry',
  ],
  ...['service_sample', 'job', 'installation_fact'],
];

/** An alert as tests ask for it. */
export interface SeenAlert {
  id: string;
  status: string;
  summary: string;
  labels: Record<string, string>;
  rule: { name: string };
}

/** The alert room on a test database, with a clock that is moved by hand; nothing is delivered. */
export function alertLab(db: Database, clock: ManualClock) {
  const bus = memoryBus();
  const log = keptLog();
  const published: string[] = [];
  const publish = (topic: string, message: unknown): void => {
    published.push(topic);
    bus.publish(topic, message);
  };
  const plant = { db, bus: { ...bus, publish }, clock, log };
  const work = composeAlertWork({ plant, channelNames: ['ops', 'night'] });
  const audit = auditStore(db);
  const users = userStore(db, auditStore);
  const loaders = userLoaders(users);
  const room = composeAlertRoom({
    plant,
    work,
    users: loaders,
    auditBySubjects: audit.bySubjects,
    deliveriesOf: (_context, alertId) =>
      db.query(
        `select alert_id as "alertId", revision, snapshot->>'status' as "alertStatus", channel, status, attempts,
           last_error as "lastError", delivered_at as "deliveredAt"
         from alert_delivery where alert_id = $1 order by revision, channel`,
        [alertId],
      ),
  });
  const unused = (): never => {
    throw new Error('not of this test');
  };
  const graph = roomGraph(
    [
      new UserResolver({ users, loaders, upsertUsers: unused, setConsent: unused }),
      new UserConnectionResolver(),
      ...room.resolvers,
    ],
    clock,
  );
  const samples = serviceSampleStore(db);
  const ask = async (
    source: string,
    variables: Record<string, unknown> = {},
    role: RoleName = 'ADMIN',
  ): Promise<Answer> => {
    const { data, errors } = await graph.ask(source, variables, role);
    if (errors?.[0]) throw errors[0];
    return data;
  };
  return {
    ...{ work, room, graph, audit, log, published, ask, users },
    /** Writes down what a process did in the present minute. */
    async serve(call: Partial<ServiceCall>): Promise<void> {
      const counter = sampleCounter();
      counter.add(
        {
          ...{ kind: 'prediction', name: 'churn', requests: 1, errors: 0 },
          ...{ fallbacks: 0, seconds: 0.01, ...call },
        },
        clock.wall(),
      );
      await samples.write('test', counter.take());
    },
    /** Questions to a model in each of the minutes before the last ten: it is in use. */
    async useModel(name: string, minutes: number): Promise<void> {
      const counter = sampleCounter();
      for (let i = 0; i < minutes; i += 1)
        counter.add(
          { kind: 'prediction', name, requests: 1, errors: 0, fallbacks: 0, seconds: 0.01 },
          new Date(clock.wall().getTime() - (11 + i) * 60_000),
        );
      await samples.write('test', counter.take());
    },
    /** Moves the clock in steps (15 s unless told) and looks at each. */
    async pass(seconds: number, each: () => Promise<void> = () => Promise.resolve(), step = 15) {
      for (let gone = 0; gone < seconds; gone += step) {
        clock.advance(Math.min(step, seconds - gone) * 1_000);
        await each();
        await work.evaluate();
      }
    },
    async alerts(filter = ''): Promise<SeenAlert[]> {
      const { alerts } = await ask(
        `{ alerts(first: 1000 ${filter}) { nodes { id status summary labels rule { name } } } }`,
      );
      return alerts.nodes as SeenAlert[];
    },
    /** Adds a model with a version in production. */
    async addModel(name: string, task = 'BINARY_CLASSIFICATION') {
      const [id, versionId] = [uuidv7(clock.wall()), uuidv7(clock.wall())];
      await db.query(
        `with m as (insert into model (id, name, task, description, spec, created_at)
           values ($1, $2, $3::model_task, '', '{}', now()) returning id),
         a as (insert into artifact (sha256, bytes, opset, created_at) values ($2, '', 21, now()) returning sha256)
         insert into model_version (id, model_id, version, stage, algorithm, hyperparameters, seed, feature_names,
           training_rows, test_rows, data_hash, report, artifact_sha256, trained_at)
         select $4, m.id, 1, 'PRODUCTION', 'logistic', '{}', 1, '{}', 1, 1, '', '{}', a.sha256, now() from m, a`,
        [id, name, task, versionId],
      );
      return { id, versionId };
    },
    /** Removes what earlier tests left; models and customers stay. */
    clear: () => db.query(CLEARED.map((table) => `delete from ${table};`).join(' ')),
    addUsers: (ids: readonly number[]) =>
      db.query(
        `insert into customer (id, external_id) select id, 'u' || id from unnest($1::bigint[]) as t(id)`,
        [ids],
      ),
  };
}

export type AlertLab = ReturnType<typeof alertLab>;
