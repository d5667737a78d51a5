-- One version answers, at most one shadows it.
CREATE UNIQUE INDEX "model_version_production_key" ON "model_version"("model_id") WHERE "stage" = 'PRODUCTION';
CREATE UNIQUE INDEX "model_version_shadow_key" ON "model_version"("model_id") WHERE "stage" = 'SHADOW';

-- A job registers its version once, however often it is delivered.
CREATE UNIQUE INDEX "model_version_job_id_key" ON "model_version"("job_id") WHERE "job_id" IS NOT NULL;

-- NaN sorts above every number, so this refuses it too.
ALTER TABLE "prediction" ADD CONSTRAINT "prediction_probability_check" CHECK ("probability" BETWEEN 0 AND 1);
ALTER TABLE "prediction" ADD CONSTRAINT "prediction_threshold_check" CHECK ("threshold" BETWEEN 0 AND 1);

-- A score run writes each user once; a run that was killed continues after the last one.
CREATE UNIQUE INDEX "prediction_job_id_user_id_key" ON "prediction"("job_id", "user_id") WHERE "job_id" IS NOT NULL;
