-- CreateEnum
CREATE TYPE "role" AS ENUM ('CRM', 'ANALYST', 'OPERATOR', 'ADMIN');

-- CreateEnum
CREATE TYPE "credential_kind" AS ENUM ('API_KEY', 'SESSION', 'LOGIN_LINK');

-- CreateEnum
CREATE TYPE "feature_type" AS ENUM ('NUMERICAL', 'CATEGORICAL', 'TEXT', 'DATETIME', 'BOOLEAN');

-- CreateEnum
CREATE TYPE "feature_status" AS ENUM ('DRAFT', 'REVIEW', 'APPROVED', 'DEPRECATED', 'ARCHIVED');

-- CreateEnum
CREATE TYPE "job_kind" AS ENUM ('IMPORT', 'TRAIN', 'SEGMENT', 'DRIFT', 'SCORE', 'REPORT', 'ERASE', 'EXPORT');

-- CreateEnum
CREATE TYPE "job_status" AS ENUM ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "model_task" AS ENUM ('BINARY_CLASSIFICATION', 'MULTICLASS_CLASSIFICATION', 'REGRESSION', 'CLUSTERING', 'ANOMALY', 'RECOMMENDATION', 'FORECAST', 'TEXT_CLASSIFICATION');

-- CreateEnum
CREATE TYPE "model_stage" AS ENUM ('CANDIDATE', 'SHADOW', 'PRODUCTION', 'ARCHIVED');

-- CreateEnum
CREATE TYPE "prediction_source" AS ENUM ('MODEL', 'CACHE', 'RULES', 'WHAT_IF');

-- CreateTable
CREATE TABLE "credential" (
    "id" UUID NOT NULL,
    "kind" "credential_kind" NOT NULL,
    "name" TEXT NOT NULL,
    "role" "role" NOT NULL,
    "secret_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "credential_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_entry" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "detail" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "audit_entry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "event_type" (
    "id" SMALLSERIAL NOT NULL,
    "name" TEXT NOT NULL,

    CONSTRAINT "event_type_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "event_source" (
    "id" SMALLSERIAL NOT NULL,
    "name" TEXT NOT NULL,

    CONSTRAINT "event_source_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "event" (
    "source_id" SMALLINT NOT NULL,
    "key" TEXT NOT NULL,
    "user_id" BIGINT NOT NULL,
    "type_id" SMALLINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "value" DOUBLE PRECISION,
    "properties" JSONB,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_pkey" PRIMARY KEY ("source_id","key")
);

-- CreateTable
CREATE TABLE "feature" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "description" TEXT NOT NULL,
    "business_meaning" TEXT,
    "type" "feature_type" NOT NULL,
    "unit" TEXT,
    "status" "feature_status" NOT NULL DEFAULT 'DRAFT',
    "owner" TEXT NOT NULL,
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "definition" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "feature_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "job" (
    "id" UUID NOT NULL,
    "kind" "job_kind" NOT NULL,
    "status" "job_status" NOT NULL DEFAULT 'QUEUED',
    "progress" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "stage" TEXT NOT NULL DEFAULT 'queued',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "input" JSONB NOT NULL DEFAULT '{}',
    "result" JSONB,
    "error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "created_by" TEXT NOT NULL,
    "leased_by" TEXT,
    "lease_until" TIMESTAMPTZ(3),
    "revision" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "job_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rejected_row" (
    "id" BIGSERIAL NOT NULL,
    "job_id" UUID,
    "source" TEXT NOT NULL,
    "line" INTEGER NOT NULL,
    "code" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "row" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "rejected_row_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "model" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "task" "model_task" NOT NULL,
    "description" TEXT NOT NULL,
    "spec" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "model_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "artifact" (
    "sha256" TEXT NOT NULL,
    "bytes" BYTEA NOT NULL,
    "opset" INTEGER NOT NULL,
    "uploaded" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "artifact_pkey" PRIMARY KEY ("sha256")
);

-- CreateTable
CREATE TABLE "model_version" (
    "id" UUID NOT NULL,
    "model_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "stage" "model_stage" NOT NULL DEFAULT 'CANDIDATE',
    "algorithm" TEXT NOT NULL,
    "hyperparameters" JSONB NOT NULL,
    "seed" INTEGER NOT NULL,
    "feature_names" TEXT[],
    "threshold" DOUBLE PRECISION,
    "training_rows" INTEGER NOT NULL,
    "test_rows" INTEGER NOT NULL,
    "data_from" TIMESTAMPTZ(3),
    "data_until" TIMESTAMPTZ(3),
    "data_hash" TEXT NOT NULL,
    "report" JSONB NOT NULL,
    "artifact_sha256" TEXT NOT NULL,
    "trained_at" TIMESTAMPTZ(3) NOT NULL,
    "promoted_by" TEXT,
    "promoted_at" TIMESTAMPTZ(3),
    "job_id" UUID,

    CONSTRAINT "model_version_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "outcome" (
    "model_id" UUID NOT NULL,
    "user_id" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "source" TEXT NOT NULL,
    "positive" BOOLEAN NOT NULL,
    "prediction_id" BIGINT,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "outcome_pkey" PRIMARY KEY ("model_id","user_id","at","source")
);

-- CreateTable
CREATE TABLE "prediction" (
    "id" BIGSERIAL NOT NULL,
    "user_id" BIGINT NOT NULL,
    "model_id" UUID NOT NULL,
    "model_version_id" UUID NOT NULL,
    "probability" DOUBLE PRECISION NOT NULL,
    "threshold" DOUBLE PRECISION NOT NULL,
    "source" "prediction_source" NOT NULL,
    "as_of" TIMESTAMPTZ(3) NOT NULL,
    "scored_at" TIMESTAMPTZ(3) NOT NULL,
    "latency_ms" DOUBLE PRECISION NOT NULL,
    "numeric" BYTEA NOT NULL,
    "categorical" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "job_id" UUID,

    CONSTRAINT "prediction_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "customer" (
    "id" BIGSERIAL NOT NULL,
    "external_id" TEXT NOT NULL,
    "name" TEXT,
    "email" TEXT,
    "attributes" JSONB NOT NULL DEFAULT '{}',
    "registered_at" TIMESTAMPTZ(3),
    "last_active_at" TIMESTAMPTZ(3),
    "consent_profiling" BOOLEAN NOT NULL DEFAULT true,
    "consent_marketing" BOOLEAN NOT NULL DEFAULT false,
    "consent_updated_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "customer_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "credential_secret_hash_key" ON "credential"("secret_hash");

-- CreateIndex
CREATE INDEX "audit_entry_subject_id_idx" ON "audit_entry"("subject", "id");

-- CreateIndex
CREATE UNIQUE INDEX "event_type_name_key" ON "event_type"("name");

-- CreateIndex
CREATE UNIQUE INDEX "event_source_name_key" ON "event_source"("name");

-- CreateIndex
CREATE INDEX "feature_status_idx" ON "feature"("status");

-- CreateIndex
CREATE UNIQUE INDEX "feature_name_version_key" ON "feature"("name", "version");

-- CreateIndex
CREATE INDEX "job_kind_status_created_at_idx" ON "job"("kind", "status", "created_at");

-- CreateIndex
CREATE INDEX "job_created_at_id_idx" ON "job"("created_at", "id");

-- CreateIndex
CREATE INDEX "rejected_row_job_id_line_idx" ON "rejected_row"("job_id", "line");

-- CreateIndex
CREATE UNIQUE INDEX "model_name_key" ON "model"("name");

-- CreateIndex
CREATE UNIQUE INDEX "model_version_model_id_version_key" ON "model_version"("model_id", "version");

-- CreateIndex
CREATE INDEX "prediction_user_id_model_id_id_idx" ON "prediction"("user_id", "model_id", "id" DESC);

-- CreateIndex
CREATE INDEX "prediction_model_id_id_idx" ON "prediction"("model_id", "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "customer_external_id_key" ON "customer"("external_id");

-- CreateIndex
CREATE INDEX "customer_registered_at_id_idx" ON "customer"("registered_at", "id");

-- CreateIndex
CREATE INDEX "customer_last_active_at_id_idx" ON "customer"("last_active_at", "id");

-- AddForeignKey
ALTER TABLE "model_version" ADD CONSTRAINT "model_version_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "model"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model_version" ADD CONSTRAINT "model_version_artifact_sha256_fkey" FOREIGN KEY ("artifact_sha256") REFERENCES "artifact"("sha256") ON DELETE RESTRICT ON UPDATE CASCADE;

-- The covering index of the feature queries; the schema language cannot say INCLUDE.
CREATE INDEX "event_user_id_at_idx" ON "event"("user_id", "at" DESC) INCLUDE ("type_id", "value") WHERE "at" IS NOT NULL;
