-- CreateEnum
CREATE TYPE "review_status" AS ENUM ('OPEN', 'CONFIRMED', 'DISMISSED');

-- CreateTable
CREATE TABLE "trial" (
    "job_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "task" JSONB NOT NULL,
    "status" "job_status" NOT NULL DEFAULT 'QUEUED',
    "metrics" JSONB,
    "outcome" BYTEA,
    "seconds" DOUBLE PRECISION,
    "error" TEXT,
    "leased_by" TEXT,
    "lease_until" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "trial_pkey" PRIMARY KEY ("job_id","number")
);

-- CreateTable
CREATE TABLE "training_table" (
    "job_id" UUID NOT NULL,
    "bytes" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "training_table_pkey" PRIMARY KEY ("job_id")
);

-- CreateTable
CREATE TABLE "shadow_score" (
    "prediction_id" BIGINT NOT NULL,
    "model_version_id" UUID NOT NULL,
    "model_id" UUID NOT NULL,
    "user_id" BIGINT NOT NULL,
    "probability" DOUBLE PRECISION NOT NULL,
    "threshold" DOUBLE PRECISION NOT NULL,
    "answered" DOUBLE PRECISION NOT NULL,
    "answered_positive" BOOLEAN NOT NULL,
    "scored_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "shadow_score_pkey" PRIMARY KEY ("prediction_id","model_version_id")
);

-- CreateTable
CREATE TABLE "review" (
    "id" BIGSERIAL NOT NULL,
    "prediction_id" BIGINT NOT NULL,
    "model_id" UUID NOT NULL,
    "user_id" BIGINT NOT NULL,
    "probability" DOUBLE PRECISION NOT NULL,
    "decision" TEXT NOT NULL,
    "status" "review_status" NOT NULL DEFAULT 'OPEN',
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "verdict_by" TEXT,
    "verdict_at" TIMESTAMPTZ(3),
    "comment" TEXT,

    CONSTRAINT "review_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "score_chunk" (
    "job_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "last_user_id" BIGINT NOT NULL,
    "looked" INTEGER NOT NULL,
    "rows" INTEGER NOT NULL,
    "positive" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "score_chunk_pkey" PRIMARY KEY ("job_id","number")
);

-- CreateIndex
CREATE INDEX "shadow_score_model_version_id_scored_at_idx" ON "shadow_score"("model_version_id", "scored_at");

-- CreateIndex
CREATE INDEX "shadow_score_user_id_idx" ON "shadow_score"("user_id");

-- CreateIndex
CREATE INDEX "review_model_id_status_probability_id_idx" ON "review"("model_id", "status", "probability" DESC, "id");

-- CreateIndex
CREATE UNIQUE INDEX "review_prediction_id_key" ON "review"("prediction_id");

-- CreateIndex
CREATE INDEX "review_user_id_idx" ON "review"("user_id");

COMMENT ON TABLE "trial" IS 'privacy: none - settings of candidates, and while a training runs also scores of rows that carry no id';
COMMENT ON TABLE "training_table" IS 'privacy: none - values of features in rows that carry no id, of customers who allowed profiling when the attempt began, gone when the training has ended';
COMMENT ON TABLE "shadow_score" IS 'privacy: by user_id';
COMMENT ON TABLE "review" IS 'privacy: by user_id';
COMMENT ON TABLE "score_chunk" IS 'privacy: none - how far runs are';

ALTER TABLE "shadow_score" ADD CONSTRAINT "shadow_score_probability_check" CHECK ("probability" BETWEEN 0 AND 1);
ALTER TABLE "review" ADD CONSTRAINT "review_probability_check" CHECK ("probability" BETWEEN 0 AND 1);
ALTER TABLE "review" ADD CONSTRAINT "review_decision_check" CHECK ("decision" IN ('REVIEW', 'BLOCK'));
-- Of a customer one open review a model: a newer score moves it.
CREATE UNIQUE INDEX "review_open_key" ON "review"("model_id", "user_id") WHERE "status" = 'OPEN';
