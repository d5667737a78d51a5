-- CreateEnum
CREATE TYPE "alert_status" AS ENUM ('PENDING', 'FIRING', 'ACKNOWLEDGED', 'RESOLVED', 'SILENCED');

-- CreateEnum
CREATE TYPE "severity" AS ENUM ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL');

-- CreateEnum
CREATE TYPE "comparison_operator" AS ENUM ('GT', 'GTE', 'LT', 'LTE', 'EQ');

-- CreateEnum
CREATE TYPE "delivery_status" AS ENUM ('QUEUED', 'DELIVERED', 'FAILED');

-- CreateEnum
CREATE TYPE "experiment_status" AS ENUM ('DRAFT', 'RUNNING', 'STOPPED', 'CONCLUDED');

-- AlterTable
ALTER TABLE "shadow_score" ADD COLUMN     "experiment_id" UUID;

-- CreateTable
CREATE TABLE "alert_rule" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "metric" TEXT NOT NULL,
    "labels" JSONB NOT NULL DEFAULT '{}',
    "comparison" "comparison_operator" NOT NULL,
    "threshold" DOUBLE PRECISION NOT NULL,
    "for_seconds" INTEGER NOT NULL,
    "keep_firing_seconds" INTEGER NOT NULL,
    "severity" "severity" NOT NULL,
    "channels" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "enabled" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "alert_rule_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alert" (
    "id" UUID NOT NULL,
    "rule_id" UUID NOT NULL,
    "dedup_key" TEXT NOT NULL,
    "status" "alert_status" NOT NULL,
    "severity" "severity" NOT NULL,
    "summary" TEXT NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,
    "threshold" DOUBLE PRECISION NOT NULL,
    "labels" JSONB NOT NULL DEFAULT '{}',
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "fired_at" TIMESTAMPTZ(3),
    "held_at" TIMESTAMPTZ(3) NOT NULL,
    "acknowledged_at" TIMESTAMPTZ(3),
    "acknowledged_by" TEXT,
    "silenced_until" TIMESTAMPTZ(3),
    "resolved_at" TIMESTAMPTZ(3),
    "revision" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "alert_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alert_user" (
    "alert_id" UUID NOT NULL,
    "user_id" BIGINT NOT NULL,

    CONSTRAINT "alert_user_pkey" PRIMARY KEY ("alert_id","user_id")
);

-- CreateTable
CREATE TABLE "alert_delivery" (
    "id" UUID NOT NULL,
    "alert_id" UUID NOT NULL,
    "revision" INTEGER NOT NULL,
    "channel" TEXT NOT NULL,
    "status" "delivery_status" NOT NULL DEFAULT 'QUEUED',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "snapshot" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "next_at" TIMESTAMPTZ(3) NOT NULL,
    "last_error" TEXT,
    "delivered_at" TIMESTAMPTZ(3),
    "message_id" UUID,
    "refused_at" TIMESTAMPTZ(3),

    CONSTRAINT "alert_delivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "channel_state" (
    "channel" TEXT NOT NULL,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "open_until" TIMESTAMPTZ(3),
    "last_error" TEXT,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "channel_state_pkey" PRIMARY KEY ("channel")
);

-- CreateTable
CREATE TABLE "alert_tick" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "alert_tick_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "service_sample" (
    "at" TIMESTAMPTZ(3) NOT NULL,
    "process" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "requests" INTEGER NOT NULL,
    "errors" INTEGER NOT NULL,
    "fallbacks" INTEGER NOT NULL,
    "seconds" DOUBLE PRECISION NOT NULL,
    "buckets" INTEGER[],

    CONSTRAINT "service_sample_pkey" PRIMARY KEY ("at","process","kind","name")
);

-- CreateTable
CREATE TABLE "drift_reference" (
    "id" UUID NOT NULL,
    "model_version_id" UUID NOT NULL,
    "source" TEXT NOT NULL,
    "rows" INTEGER NOT NULL,
    "data_from" TIMESTAMPTZ(3) NOT NULL,
    "data_until" TIMESTAMPTZ(3) NOT NULL,
    "sketch" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "drift_reference_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "drift_report" (
    "id" UUID NOT NULL,
    "model_id" UUID NOT NULL,
    "model_version_id" UUID NOT NULL,
    "job_id" UUID,
    "reference_from" TIMESTAMPTZ(3) NOT NULL,
    "reference_until" TIMESTAMPTZ(3) NOT NULL,
    "current_from" TIMESTAMPTZ(3) NOT NULL,
    "current_until" TIMESTAMPTZ(3) NOT NULL,
    "reference_rows" INTEGER NOT NULL,
    "current_rows" INTEGER NOT NULL,
    "drifted" BOOLEAN NOT NULL,
    "drifted_share" DOUBLE PRECISION NOT NULL,
    "consequence" DOUBLE PRECISION NOT NULL,
    "action" TEXT NOT NULL,
    "retraining_job_id" UUID,
    "report" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "drift_report_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "risk_level" (
    "model_id" UUID NOT NULL,
    "user_id" BIGINT NOT NULL,
    "band" TEXT NOT NULL,
    "prediction_id" BIGINT NOT NULL,

    CONSTRAINT "risk_level_pkey" PRIMARY KEY ("model_id","user_id")
);

-- CreateTable
CREATE TABLE "experiment" (
    "id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "hypothesis" TEXT NOT NULL,
    "status" "experiment_status" NOT NULL DEFAULT 'DRAFT',
    "model_id" UUID,
    "traffic_share" DOUBLE PRECISION NOT NULL,
    "holdout_share" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "primary_metric" TEXT NOT NULL,
    "guardrails" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "lower_is_better" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "minimum_users" INTEGER NOT NULL,
    "pre_period_days" INTEGER NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "stopped_at" TIMESTAMPTZ(3),
    "concluded_at" TIMESTAMPTZ(3),
    "winner" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "experiment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "variant" (
    "experiment_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "weight" DOUBLE PRECISION NOT NULL,
    "control" BOOLEAN NOT NULL,
    "model_version_id" UUID,
    "payload" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "variant_pkey" PRIMARY KEY ("experiment_id","key")
);

-- CreateTable
CREATE TABLE "assignment" (
    "experiment_id" UUID NOT NULL,
    "user_id" BIGINT NOT NULL,
    "variant_key" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "assigned_at" TIMESTAMPTZ(3) NOT NULL,
    "exposures" INTEGER NOT NULL,
    "last_exposed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "assignment_pkey" PRIMARY KEY ("experiment_id","user_id")
);

-- CreateTable
CREATE TABLE "experiment_look" (
    "id" BIGSERIAL NOT NULL,
    "experiment_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "report" JSONB NOT NULL,

    CONSTRAINT "experiment_look_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "feed_entry" (
    "id" BIGSERIAL NOT NULL,
    "topic" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "subject" TEXT NOT NULL,
    "user_id" BIGINT,
    "keys" JSONB NOT NULL DEFAULT '{}',
    "payload" JSONB,

    CONSTRAINT "feed_entry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "feed_position" (
    "consumer" TEXT NOT NULL,
    "position" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "feed_position_pkey" PRIMARY KEY ("consumer")
);

-- CreateTable
CREATE TABLE "daily_report" (
    "id" UUID NOT NULL,
    "date" DATE NOT NULL,
    "report" JSONB NOT NULL,
    "markdown" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "job_id" UUID,

    CONSTRAINT "daily_report_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "alert_started_at_id_idx" ON "alert"("started_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "alert_user_user_id_idx" ON "alert_user"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "alert_delivery_alert_id_revision_channel_key" ON "alert_delivery"("alert_id", "revision", "channel");

-- CreateIndex
CREATE INDEX "drift_reference_model_version_id_id_idx" ON "drift_reference"("model_version_id", "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "drift_report_job_id_key" ON "drift_report"("job_id");

-- CreateIndex
CREATE INDEX "drift_report_model_id_id_idx" ON "drift_report"("model_id", "id" DESC);

-- CreateIndex
CREATE INDEX "risk_level_user_id_idx" ON "risk_level"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "experiment_key_key" ON "experiment"("key");

-- CreateIndex
CREATE INDEX "assignment_user_id_idx" ON "assignment"("user_id");

-- CreateIndex
CREATE INDEX "experiment_look_experiment_id_id_idx" ON "experiment_look"("experiment_id", "id" DESC);

-- CreateIndex
CREATE INDEX "feed_entry_topic_id_idx" ON "feed_entry"("topic", "id");

-- CreateIndex
CREATE INDEX "feed_entry_at_idx" ON "feed_entry"("at");

-- CreateIndex
CREATE UNIQUE INDEX "daily_report_date_key" ON "daily_report"("date");

-- AddForeignKey
ALTER TABLE "alert" ADD CONSTRAINT "alert_rule_id_fkey" FOREIGN KEY ("rule_id") REFERENCES "alert_rule"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "alert_delivery" ADD CONSTRAINT "alert_delivery_alert_id_fkey" FOREIGN KEY ("alert_id") REFERENCES "alert"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "variant" ADD CONSTRAINT "variant_experiment_id_fkey" FOREIGN KEY ("experiment_id") REFERENCES "experiment"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

COMMENT ON TABLE "feed_entry" IS 'privacy: by user_id; mentions keys, payload -> redact';
COMMENT ON TABLE "feed_position" IS 'privacy: none - how far consumers have come';
COMMENT ON TABLE "experiment" IS 'privacy: none - plans, written by staff';
COMMENT ON TABLE "variant" IS 'privacy: none - plans, written by staff';
COMMENT ON TABLE "assignment" IS 'privacy: by user_id';
COMMENT ON TABLE "experiment_look" IS 'privacy: none - sums over many customers';
COMMENT ON TABLE "drift_reference" IS 'privacy: mentions sketch -> redact';
COMMENT ON TABLE "drift_report" IS 'privacy: mentions report -> redact';
COMMENT ON TABLE "risk_level" IS 'privacy: by user_id';
COMMENT ON TABLE "alert_rule" IS 'privacy: none - rules, written by staff';
COMMENT ON TABLE "alert" IS 'privacy: mentions labels, summary, dedup_key -> redact';
COMMENT ON TABLE "alert_user" IS 'privacy: by user_id';
COMMENT ON TABLE "alert_delivery" IS 'privacy: mentions snapshot, last_error -> redact';
COMMENT ON TABLE "channel_state" IS 'privacy: none - how channels do';
COMMENT ON TABLE "alert_tick" IS 'privacy: none - when rules were looked at';
COMMENT ON TABLE "service_sample" IS 'privacy: none - counts of requests';
COMMENT ON TABLE "daily_report" IS 'privacy: mentions report, markdown -> redact';

ALTER TABLE "experiment" ADD CONSTRAINT "experiment_shares_check"
  CHECK ("traffic_share" > 0 AND "traffic_share" <= 1 AND "holdout_share" >= 0 AND "holdout_share" < 1);
ALTER TABLE "experiment" ADD CONSTRAINT "experiment_span_check" CHECK ("ends_at" > "starts_at");
ALTER TABLE "variant" ADD CONSTRAINT "variant_weight_check" CHECK ("weight" > 0);
CREATE INDEX "assignment_variant_idx" ON "assignment"("experiment_id", "variant_key");
CREATE INDEX "shadow_score_experiment_idx" ON "shadow_score"("experiment_id") WHERE "experiment_id" IS NOT NULL;

-- An incident is one alert however often it is looked at; a name is free again when its rule is gone.
CREATE UNIQUE INDEX "alert_open_key" ON "alert"("dedup_key") WHERE "resolved_at" IS NULL;
CREATE UNIQUE INDEX "alert_rule_name_key" ON "alert_rule"("name") WHERE "deleted_at" IS NULL;
CREATE INDEX "alert_delivery_due_idx" ON "alert_delivery"("next_at") WHERE "status" = 'QUEUED';
ALTER TABLE "alert_rule" ADD CONSTRAINT "alert_rule_seconds_check"
  CHECK ("for_seconds" >= 0 AND "keep_firing_seconds" >= 0);
ALTER TABLE "alert_tick" ADD CONSTRAINT "alert_tick_single_check" CHECK ("id" = 1);
