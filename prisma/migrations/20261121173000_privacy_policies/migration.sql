-- What each table holds about a customer, stated where the table is: export and erasure read it from here.
-- The grammar is in src/privacy/policy.ts; a table without a policy stops both, and fails the tests.

COMMENT ON TABLE "customer" IS 'privacy: self';
COMMENT ON TABLE "event" IS 'privacy: by user_id';
COMMENT ON TABLE "event_key" IS 'privacy: with event (source_id = source_id, key = key)';
COMMENT ON TABLE "user_device" IS 'privacy: by user_id';
COMMENT ON TABLE "device" IS 'privacy: with user_device (id = device_id) unless shared';
COMMENT ON TABLE "ticket" IS 'privacy: by user_id';
COMMENT ON TABLE "prediction" IS 'privacy: by user_id';
COMMENT ON TABLE "outcome" IS 'privacy: by user_id';
COMMENT ON TABLE "rejected_row" IS 'privacy: by user_key as key; mentions row, message -> delete';
COMMENT ON TABLE "audit_entry" IS 'privacy: mentions subject, detail -> redact';
COMMENT ON TABLE "job" IS 'privacy: mentions input, result, error, stage -> redact';
COMMENT ON TABLE "model_version" IS 'privacy: bitmap trained_on; mentions report, hyperparameters -> redact';
COMMENT ON TABLE "feature_statistics" IS 'privacy: mentions report -> redact';
COMMENT ON TABLE "feature_selection" IS 'privacy: mentions report -> redact';
COMMENT ON TABLE "quality_scan" IS 'privacy: mentions report -> redact';

COMMENT ON TABLE "artifact" IS 'privacy: none - parameters learned from many, who was among them is in model_version.trained_on';
COMMENT ON TABLE "credential" IS 'privacy: none - keys of staff and programs, not of customers';
COMMENT ON TABLE "erasure" IS 'privacy: none - salted hashes and counts';
COMMENT ON TABLE "event_partition" IS 'privacy: none - bounds of parts of event';
COMMENT ON TABLE "event_source" IS 'privacy: none - names of senders';
COMMENT ON TABLE "event_type" IS 'privacy: none - names of kinds of events';
COMMENT ON TABLE "feature" IS 'privacy: none - definitions, written by staff';
COMMENT ON TABLE "installation_fact" IS 'privacy: none - facts of the installation';
COMMENT ON TABLE "model" IS 'privacy: none - recipes, written by staff';
COMMENT ON TABLE "quality_rule" IS 'privacy: none - rules, written by staff';
DO $$ BEGIN
  IF to_regclass('_prisma_migrations') IS NOT NULL THEN
    EXECUTE 'COMMENT ON TABLE _prisma_migrations IS ''privacy: none - which migrations were applied''';
  END IF;
END $$;

-- The tables of the queue are made by its library, when it is opened: their schema speaks for them.
CREATE SCHEMA IF NOT EXISTS "bullmq";
COMMENT ON SCHEMA "bullmq" IS 'privacy: mentions * -> redact';

-- The salt of the tombstones: of this installation, so that hashes of two installations cannot be compared.
INSERT INTO "installation_fact" ("name", "value")
VALUES ('tombstone_salt', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''))
ON CONFLICT DO NOTHING;
