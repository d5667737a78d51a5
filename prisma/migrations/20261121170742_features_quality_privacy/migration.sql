-- CreateEnum
CREATE TYPE "quality_status" AS ENUM ('OK', 'WARNING', 'FAILED');

-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


ALTER TYPE "job_kind" ADD VALUE 'PROFILE';
ALTER TYPE "job_kind" ADD VALUE 'QUALITY';
ALTER TYPE "job_kind" ADD VALUE 'SELECT';

-- AlterTable
ALTER TABLE "event" DROP CONSTRAINT "event_pkey",
ADD COLUMN     "device_id" BIGINT;

-- AlterTable
ALTER TABLE "model_version" ADD COLUMN     "trained_on" BYTEA;

-- AlterTable
ALTER TABLE "rejected_row" ADD COLUMN     "user_key" TEXT;

-- CreateTable
CREATE TABLE "device" (
    "id" BIGSERIAL NOT NULL,
    "key" TEXT NOT NULL,
    "type" TEXT,
    "os_version" TEXT,
    "first_seen_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "device_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "user_device" (
    "user_id" BIGINT NOT NULL,
    "device_id" BIGINT NOT NULL,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "user_device_pkey" PRIMARY KEY ("user_id","device_id")
);

-- CreateTable
CREATE TABLE "event_key" (
    "source_id" SMALLINT NOT NULL,
    "key" TEXT NOT NULL,

    CONSTRAINT "event_key_pkey" PRIMARY KEY ("source_id","key")
);

-- CreateTable
CREATE TABLE "event_partition" (
    "name" TEXT NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,
    "kept" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "event_partition_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "feature_statistics" (
    "feature_id" UUID NOT NULL,
    "day" DATE NOT NULL,
    "as_of" TIMESTAMPTZ(3) NOT NULL,
    "computed_at" TIMESTAMPTZ(3) NOT NULL,
    "rows" INTEGER NOT NULL,
    "missing" INTEGER NOT NULL,
    "report" JSONB NOT NULL,

    CONSTRAINT "feature_statistics_pkey" PRIMARY KEY ("feature_id","day")
);

-- CreateTable
CREATE TABLE "feature_selection" (
    "id" UUID NOT NULL,
    "model_id" UUID NOT NULL,
    "job_id" UUID,
    "as_of" TIMESTAMPTZ(3) NOT NULL,
    "rows" INTEGER NOT NULL,
    "positive" INTEGER NOT NULL,
    "report" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "feature_selection_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "erasure" (
    "id" UUID NOT NULL,
    "key_hash" BYTEA NOT NULL,
    "erased_at" TIMESTAMPTZ(3) NOT NULL,
    "erased_by" TEXT NOT NULL,
    "rows" JSONB NOT NULL,
    "models_trained_on" TEXT[],

    CONSTRAINT "erasure_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "installation_fact" (
    "name" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    CONSTRAINT "installation_fact_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "quality_rule" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "table_name" TEXT NOT NULL,
    "rule" JSONB NOT NULL,
    "severity" "quality_status" NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "quality_rule_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "quality_scan" (
    "id" UUID NOT NULL,
    "table_name" TEXT NOT NULL,
    "as_of" TIMESTAMPTZ(3) NOT NULL,
    "scanned_at" TIMESTAMPTZ(3) NOT NULL,
    "job_id" UUID,
    "rows" BIGINT NOT NULL,
    "status" "quality_status" NOT NULL,
    "report" JSONB NOT NULL,

    CONSTRAINT "quality_scan_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ticket" (
    "id" BIGSERIAL NOT NULL,
    "source" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "user_id" BIGINT NOT NULL,
    "issue_type" TEXT NOT NULL,
    "text" TEXT,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "resolved_at" TIMESTAMPTZ(3),
    "satisfaction" DOUBLE PRECISION,
    "rated_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ticket_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "device_key_key" ON "device"("key");

-- CreateIndex
CREATE INDEX "user_device_device_id_user_id_idx" ON "user_device"("device_id", "user_id");

-- CreateIndex
CREATE UNIQUE INDEX "feature_selection_job_id_key" ON "feature_selection"("job_id");

-- CreateIndex
CREATE INDEX "feature_selection_model_id_created_at_idx" ON "feature_selection"("model_id", "created_at" DESC);

-- CreateIndex
CREATE INDEX "erasure_key_hash_idx" ON "erasure"("key_hash");

-- CreateIndex
CREATE UNIQUE INDEX "quality_rule_name_key" ON "quality_rule"("name");

-- CreateIndex
CREATE INDEX "quality_scan_table_name_scanned_at_idx" ON "quality_scan"("table_name", "scanned_at" DESC);

-- CreateIndex
CREATE INDEX "ticket_user_id_opened_at_id_idx" ON "ticket"("user_id", "opened_at" DESC, "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "ticket_source_key_key" ON "ticket"("source", "key");

-- CreateIndex
CREATE INDEX "rejected_row_at_id_idx" ON "rejected_row"("at" DESC, "id" DESC);

-- Made by hand from here on: what the schema language cannot say.

ALTER TABLE "feature" ADD CONSTRAINT "feature_updated_at_check" CHECK ("updated_at" >= "created_at");

-- The partition that holds an instant, made where it is missing: a month, or a whole year that ended before
-- "recent" and of which no month stands alone. Attached, not created in place: that would lock all readers out.
CREATE FUNCTION "ensure_event_partition"("instant" TIMESTAMPTZ, "recent" TIMESTAMPTZ, "made_at" TIMESTAMPTZ)
RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
  part TEXT;
  lower_bound TIMESTAMPTZ := date_trunc('year', instant AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
  upper_bound TIMESTAMPTZ := (date_trunc('year', instant AT TIME ZONE 'UTC') + interval '1 year') AT TIME ZONE 'UTC';
BEGIN
  SELECT p.name INTO part FROM event_partition p WHERE p.starts_at <= instant AND p.ends_at > instant;
  IF FOUND THEN RETURN part; END IF;
  PERFORM pg_advisory_xact_lock(7283642);
  SELECT p.name INTO part FROM event_partition p WHERE p.starts_at <= instant AND p.ends_at > instant;
  IF FOUND THEN RETURN part; END IF;
  IF upper_bound <= recent
     AND NOT EXISTS (SELECT FROM event_partition p WHERE p.starts_at < upper_bound AND p.ends_at > lower_bound) THEN
    part := 'event_' || to_char(lower_bound AT TIME ZONE 'UTC', 'YYYY');
  ELSE
    lower_bound := date_trunc('month', instant AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    upper_bound := (date_trunc('month', instant AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
    part := 'event_' || to_char(lower_bound AT TIME ZONE 'UTC', 'YYYY_MM');
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
  EXECUTE format('ALTER TABLE event ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, lower_bound, upper_bound);
  INSERT INTO event_partition (name, starts_at, ends_at, created_at) VALUES (part, lower_bound, upper_bound, made_at);
  RETURN part;
END $$;

ALTER TABLE "event" RENAME TO "event_whole";
DROP INDEX "event_user_id_at_idx";
CREATE TABLE "event" (LIKE "event_whole" INCLUDING DEFAULTS) PARTITION BY RANGE ("at");
-- The covering indexes of the feature queries and of the devices.
CREATE INDEX "event_user_id_at_idx" ON "event"("user_id", "at" DESC) INCLUDE ("type_id", "value") WHERE "at" IS NOT NULL;
CREATE INDEX "event_device_id_at_idx" ON "event"("device_id", "at" DESC) INCLUDE ("user_id", "type_id", "value") WHERE "device_id" IS NOT NULL;
INSERT INTO "event_key" ("source_id", "key") SELECT "source_id", "key" FROM "event_whole";
SELECT "ensure_event_partition"("month", now() - interval '14 months', now()) FROM (
  SELECT DISTINCT date_trunc('month', "at" AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS "month" FROM "event_whole"
  UNION
  SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month') AT TIME ZONE 'UTC' FROM generate_series(0, 2) n
  ORDER BY 1) m;
INSERT INTO "event" SELECT * FROM "event_whole";
DROP TABLE "event_whole";
