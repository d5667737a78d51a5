import { auditStore } from '../../src/access/audit.store.js';
import type { Clock } from '../../src/kernel/clock.js';
import { modelStore } from '../../src/model/model.store.js';
import type { ModelVersion } from '../../src/model/model.js';
import { modelSpec } from '../../src/model/model-spec.js';
import type { Database } from '../../src/plant/ports.js';
import { versionRecord } from '../model/version-record.js';
import { churnSpec } from '../support/demo-shop.js';

/** Start of the ids that rows of this day have. */
export const ID = '00000000-0000-7000-8000-00000000000';

interface Place {
  db: Database;
  clock: Clock;
}

/** A version in production, promoted by anna. */
export async function newVersion(
  { db, clock }: Place,
  modelId: string,
  report: object,
  letter: string,
): Promise<ModelVersion> {
  const models = modelStore(db, clock, auditStore);
  const made = await models.registerVersion({
    ...{ modelId, algorithm: 'logistic', hyperparameters: { C: 1 }, seed: 7 },
    ...{ featureNames: ['score'], threshold: 0.5, trainingRows: 800, testRows: 200 },
    ...{ dataFrom: null, dataUntil: null, dataHash: 'x', trainedAt: clock.wall(), jobId: null },
    report: report as Record<string, unknown>,
    artifact: { sha256: letter.repeat(64), bytes: new Uint8Array(1), opset: 21 },
  });
  await db.query(
    `update model_version set stage = 'PRODUCTION', promoted_at = '2026-10-01' where id = $1`,
    [made.id],
  );
  await auditStore(db).write({
    at: clock.wall(),
    actor: 'anna',
    action: 'moved',
    subject: `ModelVersion:${made.id}`,
    detail: { to: 'PRODUCTION', comment: 'looks good' },
  });
  return made;
}

/** One day of everything, with neighbours on both sides that must not count. */
export async function liveThroughTheDay(place: Place): Promise<ModelVersion> {
  const { db, clock } = place;
  const models = modelStore(db, clock, auditStore);
  const churn = await models.ensure(churnSpec());
  const version = await newVersion(place, churn.id, versionRecord(), 'a');
  const spec = modelSpec.parse({ ...churnSpec({ name: 'fraud' }), label: { kind: 'OUTCOMES' } });
  const fraud = await models.ensure(spec);
  await newVersion(place, fraud.id, versionRecord(), 'b');
  await db.query(`insert into customer (external_id) select 'c' || n from generate_series(1, 4) n`);
  await db.query(`select ensure_prediction_partition(timestamptz '2026-11-20')`);
  await db.query(
    `insert into prediction (user_id, model_id, model_version_id, probability, threshold, source, as_of,
       scored_at, latency_ms, numeric, job_id)
     select c.id, $1, $2, p.probability, 0.5, 'MODEL', p.at, p.at, p.ms, '', p.job::uuid
     from customer c join (values
       ('c1', 0.9, timestamptz '2026-11-20T00:00:00Z', 10.0, null),
       ('c2', 0.1, '2026-11-20T12:00:00Z', 30.0, null),
       ('c3', 0.2, '2026-11-20T23:59:59.999Z', 5000.0, '${ID}9'),
       ('c4', 0.9, '2026-11-21T00:00:00Z', 900.0, null),
       ('c4', 0.9, '2026-11-19T23:59:59.999Z', 900.0, null)
     ) p (customer, probability, at, ms, job) on p.customer = c.external_id`,
    [churn.id, version.id],
  );
  await db.query(
    `insert into service_sample (at, process, kind, name, requests, errors, fallbacks, seconds, buckets) values
       ('2026-11-20T10:00:00Z', 'a', 'prediction', 'churn', 60, 3, 20, 2, '{}'),
       ('2026-11-20T10:00:00Z', 'b', 'prediction', 'churn', 40, 1, 5, 1, '{}'),
       ('2026-11-20T10:00:00Z', 'a', 'operation', '', 500, 5, 0, 9, '{}'),
       ('2026-11-21T00:00:00Z', 'a', 'prediction', 'churn', 1000, 1000, 0, 1, '{}')`,
  );
  await db.query(
    `insert into alert_rule (id, name, description, metric, comparison, threshold, for_seconds,
       keep_firing_seconds, severity, enabled, created_at, created_by, updated_at)
     values ($1, 'Errors', '', 'error_rate', 'GT', 0.05, 0, 0, 'HIGH', true, now(), 'a', now())`,
    [`${ID}1`],
  );
  await db.query(
    `insert into alert (id, rule_id, dedup_key, status, severity, summary, value, threshold, started_at,
       fired_at, held_at, resolved_at)
     select gen_random_uuid(), $1, a.key, a.status::alert_status, a.severity::severity, a.key, 1, 0, a.fired, a.fired,
       a.fired, a.resolved
     from (values
       ('before', 'RESOLVED', 'LOW', timestamptz '2026-11-18T00:00:00Z', timestamptz '2026-11-19T00:00:00Z'),
       ('low', 'RESOLVED', 'LOW', '2026-11-20T01:00:00Z', '2026-11-20T02:00:00Z'),
       ('critical', 'FIRING', 'CRITICAL', '2026-11-20T05:00:00Z', null),
       ('high', 'RESOLVED', 'HIGH', '2026-11-20T03:00:00Z', '2026-11-21T02:00:00Z'),
       ('older', 'RESOLVED', 'MEDIUM', '2026-11-19T03:00:00Z', '2026-11-20T04:00:00Z'),
       ('after', 'FIRING', 'CRITICAL', '2026-11-21T00:00:00Z', null)) a (key, status, severity, fired, resolved)`,
    [`${ID}1`],
  );
  await db.query(
    `insert into drift_report (id, model_id, model_version_id, reference_from, reference_until, current_from,
       current_until, reference_rows, current_rows, drifted, drifted_share, consequence, action, report, created_at)
     select d.id::uuid, $1, $2, now(), now(), now(), now(), 1, 1, d.drifted, 0.5, 0.4, 'RETRAINING', '{}', d.at
     from (values ('${ID}2', false, timestamptz '2026-11-20T03:00:00Z'), ('${ID}3', true, '2026-11-20T04:00:00Z'),
       ('${ID}4', false, '2026-11-21T04:00:00Z')) d (id, drifted, at)`,
    [churn.id, version.id],
  );
  await db.query(
    `insert into experiment (id, key, hypothesis, status, traffic_share, primary_metric, minimum_users,
       pre_period_days, starts_at, ends_at, started_at, stopped_at, created_at, created_by)
     select e.id::uuid, e.key, '', e.status::experiment_status, 1, 'share:purchase', 1, 0, e.started, e.started + interval '90 days',
       e.started, e.stopped, e.started, 'anna'
     from (values ('${ID}5', 'banner', 'RUNNING', timestamptz '2026-11-01', null),
       ('${ID}6', 'over', 'STOPPED', '2026-11-01', timestamptz '2026-11-10')) e (id, key, status, started, stopped)`,
  );
  await db.query(
    `insert into experiment_look (experiment_id, at, report) values
       ($1, '2026-11-20T06:00:00Z', '{"decision": "KEEP_RUNNING", "reason": "two more days"}'),
       ($1, '2026-11-21T06:00:00Z', '{"decision": "SHIP", "reason": "later"}')`,
    [`${ID}5`],
  );
  await db.query(
    `insert into variant (experiment_id, key, position, weight, control, model_version_id) values
       ($1, 'new', 1, 1, false, $2)`,
    [`${ID}5`, version.id],
  );
  await db.query(
    `insert into quality_scan (id, table_name, as_of, scanned_at, rows, status, report) values
       (gen_random_uuid(), 'event', now(), '2026-11-19T02:00:00Z', 1, 'OK', '{"checks": []}'),
       (gen_random_uuid(), 'event', now(), '2026-11-20T02:00:00Z', 1, 'FAILED',
        '{"checks": [{"name": "value", "status": "FAILED", "violations": 2}, {"name": "fine", "status": "OK", "violations": 0}]}')`,
  );
  await db.query(
    `insert into job (id, kind, status, created_at, finished_at, created_by) values
       (gen_random_uuid(), 'TRAIN', 'FAILED', now(), '2026-11-20T08:00:00Z', 'a'),
       (gen_random_uuid(), 'SCORE', 'SUCCEEDED', now(), '2026-11-20T08:00:00Z', 'a'),
       (gen_random_uuid(), 'SCORE', 'SUCCEEDED', now(), '2026-11-21T00:00:00Z', 'a')`,
  );
  await db.query(
    `insert into outcome (model_id, user_id, at, source, positive, recorded_at)
     select $1, id, now(), 's', true, '2026-10-11T00:00:00Z' from customer limit 1`,
    [fraud.id],
  );
  return version;
}
