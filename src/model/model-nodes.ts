import { encodeId } from '../kernel/id.js';
import type { ModelVersion, RegisteredModel } from './model.js';

/** A model as the graph shows it; `key` keeps the uuid. */
export type ModelNode = RegisteredModel & { key: string };
/** A version as the graph shows it; `key` keeps the uuid. */
export type ModelVersionNode = ModelVersion & { key: string };

/** Row to node. */
export function modelNode(model: RegisteredModel): ModelNode {
  return { ...model, id: encodeId('Model', model.id), key: model.id };
}

/** Row to node. */
export function versionNode(version: ModelVersion): ModelVersionNode {
  return { ...version, id: encodeId('ModelVersion', version.id), key: version.id };
}
