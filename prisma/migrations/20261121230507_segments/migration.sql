-- CreateEnum
CREATE TYPE "persona_text_kind" AS ENUM ('TRAIT', 'INSIGHT', 'STRATEGY', 'GOAL');

-- CreateTable
CREATE TABLE "segment_name" (
    "model_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "named_by" TEXT,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "segment_name_pkey" PRIMARY KEY ("model_id","key")
);

-- CreateTable
CREATE TABLE "segment_membership" (
    "id" BIGSERIAL NOT NULL,
    "model_id" UUID NOT NULL,
    "user_id" BIGINT NOT NULL,
    "segment_key" TEXT NOT NULL,
    "previous_key" TEXT,
    "model_version_id" UUID NOT NULL,
    "probability" DOUBLE PRECISION NOT NULL,
    "distance" DOUBLE PRECISION,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "until" TIMESTAMPTZ(3),
    "written_at" TIMESTAMPTZ(3) NOT NULL,
    "numeric" BYTEA NOT NULL,
    "categorical" TEXT[] DEFAULT ARRAY[]::TEXT[],

    CONSTRAINT "segment_membership_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "segment_point" (
    "model_version_id" UUID NOT NULL,
    "user_id" BIGINT NOT NULL,
    "position" INTEGER NOT NULL,
    "segment_key" TEXT NOT NULL,
    "x" DOUBLE PRECISION NOT NULL,
    "y" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "segment_point_pkey" PRIMARY KEY ("model_version_id","position")
);

-- CreateTable
CREATE TABLE "persona_text" (
    "id" UUID NOT NULL,
    "kind" "persona_text_kind" NOT NULL,
    "locale" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "condition" JSONB NOT NULL,
    "position" INTEGER NOT NULL,
    "text" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_by" TEXT NOT NULL,

    CONSTRAINT "persona_text_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "segment_membership_user_id_model_id_since_idx" ON "segment_membership"("user_id", "model_id", "since" DESC);

-- CreateIndex
CREATE INDEX "segment_membership_model_id_id_idx" ON "segment_membership"("model_id", "id");

-- CreateIndex
CREATE INDEX "segment_point_user_id_idx" ON "segment_point"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "persona_text_kind_key_locale_key" ON "persona_text"("kind", "key", "locale");

COMMENT ON TABLE "segment_name" IS 'privacy: none - names of segments';
COMMENT ON TABLE "segment_membership" IS 'privacy: by user_id';
COMMENT ON TABLE "segment_point" IS 'privacy: by user_id';
COMMENT ON TABLE "persona_text" IS 'privacy: none - what is said of kinds of customers';

-- A customer is in one segment of a segmentation at a time; distributions and filters walk it.
CREATE UNIQUE INDEX "segment_membership_open_key" ON "segment_membership"("model_id", "user_id") INCLUDE ("segment_key") WHERE "until" IS NULL;
CREATE INDEX "segment_membership_segment_idx" ON "segment_membership"("model_id", "segment_key", "user_id") WHERE "until" IS NULL;
ALTER TABLE "segment_membership" ADD CONSTRAINT "segment_membership_probability_check" CHECK ("probability" BETWEEN 0 AND 1);
ALTER TABLE "segment_membership" ADD CONSTRAINT "segment_membership_span_check" CHECK ("until" IS NULL OR "until" >= "since");
