import { auditStore } from './access/audit.store.js';
import type { FeatureDefinition } from './feature/feature.js';
import type { Clock } from './kernel/clock.js';
import type { Model } from './model/model.js';
import { registerModel } from './model/register/register-model.js';
import { RegisterModelResolver } from './model/register/register-model.resolver.js';
import { uploadStore } from './model/register/upload.store.js';
import type { Config } from './plant/env.js';
import type { Database } from './plant/ports.js';
import { modelChecker } from './scorer/model-checker.js';

/** Models from elsewhere: the mutation, and the process that looks at their files. */
export function composeRegister(parts: {
  db: Database;
  clock: Clock;
  modelByName(name: string): Promise<Model | null>;
  featureRegistry(): Promise<FeatureDefinition[]>;
  config: Pick<Config, 'maxModelBytes' | 'modelCheckMemoryBytes' | 'modelCheckSeconds'>;
}): { resolver: RegisterModelResolver; close(): Promise<void> } {
  const { db, clock, config, modelByName, featureRegistry } = parts;
  const checker = modelChecker({
    maxMemoryBytes: config.modelCheckMemoryBytes,
    maxSeconds: config.modelCheckSeconds,
  });
  const deps = {
    modelByName,
    featureRegistry,
    checkModel: (file: Parameters<typeof checker.check>[0]) => checker.check(file),
    register: uploadStore(db, clock, auditStore).register,
    maxBytes: config.maxModelBytes,
    now: () => clock.wall(),
  };
  return {
    resolver: new RegisterModelResolver({
      registerModel: (request) => registerModel(deps, request),
    }),
    close: () => {
      checker.close();
      return Promise.resolve();
    },
  };
}
