-- The ledger in months of "scored_at": what is asked every day reads one of them, retention drops them whole.

-- The part that holds an instant, made where it is missing. Attached, not created in place: that would lock all
-- readers out. There is no default part: rows in it would stand in the way of the month they belong to.
CREATE FUNCTION "ensure_prediction_partition"("instant" TIMESTAMPTZ)
RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
  lower_bound TIMESTAMPTZ := date_trunc('month', instant AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
  upper_bound TIMESTAMPTZ := (date_trunc('month', instant AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
  part TEXT := 'prediction_' || to_char(lower_bound AT TIME ZONE 'UTC', 'YYYY_MM');
BEGIN
  IF EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'prediction'::regclass AND inhrelid = to_regclass(part)) THEN
    RETURN part;
  END IF;
  PERFORM pg_advisory_xact_lock(7283643);
  IF EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'prediction'::regclass AND inhrelid = to_regclass(part)) THEN
    RETURN part;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE prediction INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
  EXECUTE format('ALTER TABLE prediction ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, lower_bound, upper_bound);
  RETURN part;
END $$;

-- How far runs are is told by their chunks from here on; those that were under way go on behind what they wrote.
INSERT INTO "score_chunk" ("job_id", "number", "last_user_id", "looked", "rows", "positive", "at")
SELECT "job_id", 0, max("user_id"), (SELECT count(*) FROM "customer" c WHERE c."id" <= max(p."user_id")), count(*),
  count(*) FILTER (WHERE "probability" >= "threshold"), max("scored_at")
FROM "prediction" p WHERE "job_id" IS NOT NULL GROUP BY "job_id"
ON CONFLICT DO NOTHING;

ALTER TABLE "prediction" RENAME TO "prediction_whole";
ALTER TABLE "prediction_whole" DROP CONSTRAINT "prediction_pkey";
DROP INDEX "prediction_user_id_model_id_id_idx", "prediction_model_id_id_idx", "prediction_job_id_user_id_key";
CREATE TABLE "prediction" (LIKE "prediction_whole" INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE ("scored_at");
ALTER SEQUENCE "prediction_id_seq" OWNED BY "prediction"."id";
SELECT "ensure_prediction_partition"("month") FROM (
  SELECT DISTINCT date_trunc('month', "scored_at" AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS "month" FROM "prediction_whole"
  UNION
  SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month') AT TIME ZONE 'UTC' FROM generate_series(0, 2) n
  ORDER BY 1) m;
INSERT INTO "prediction" SELECT * FROM "prediction_whole" ORDER BY "id";
DROP TABLE "prediction_whole";
ALTER TABLE "prediction" ADD CONSTRAINT "prediction_pkey" PRIMARY KEY ("id", "scored_at");
CREATE INDEX "prediction_user_id_model_id_id_idx" ON "prediction"("user_id", "model_id", "id" DESC);
CREATE INDEX "prediction_model_id_id_idx" ON "prediction"("model_id", "id" DESC);
COMMENT ON TABLE "prediction" IS 'privacy: by user_id';

-- Append-only: what was said stays as it was said. An erasure says that it is one; retention drops whole months.
CREATE FUNCTION "keep_ledger"()
RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('augury.erasing', true) = 'on' THEN RETURN OLD; END IF;
  RAISE EXCEPTION 'the ledger is append-only: % of prediction % refused', TG_OP, OLD.id
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER "prediction_append_only" BEFORE UPDATE OR DELETE ON "prediction"
  FOR EACH ROW EXECUTE FUNCTION "keep_ledger"();
