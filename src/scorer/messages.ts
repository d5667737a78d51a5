import type { AppErrorCode } from '../kernel/error.js';
import type { ModelInputs } from './model-inputs.js';
import type { ProviderChoice, ProviderName } from './provider.js';
import type { PackedRows } from './rows.js';

/** What a worker thread is started with. */
export interface WorkerData {
  provider: ProviderChoice;
  /** Of the `NativeGate` around ONNX Runtime. */
  gate: SharedArrayBuffer;
}

/** Calls into a worker; it answers each with the same `id`, one after the other. */
export type WorkerCall =
  | { kind: 'load'; sha256: string; bytes: Uint8Array }
  | { kind: 'unload'; sha256: string }
  | { kind: 'score'; sha256: string; rows: PackedRows }
  | { kind: 'assign'; sha256: string; rows: PackedRows }
  | { kind: 'explain'; sha256: string; rows: PackedRows }
  | { kind: 'close' };

export interface WorkerAnswers {
  load: { inputs: ModelInputs; note: string | null };
  unload: null;
  score: { margin: Float64Array<ArrayBuffer>; probability: Float64Array<ArrayBuffer> };
  /** `Memberships`, its segments as float64 like the rest. */
  assign: {
    segment: Float64Array<ArrayBuffer>;
    probability: Float64Array<ArrayBuffer>;
    distance: Float64Array<ArrayBuffer>;
  };
  explain: { baseValue: number; values: Float64Array<ArrayBuffer>; inputs: readonly string[] };
  close: null;
}

export type WorkerMessage =
  | { kind: 'ready'; provider: ProviderName; note: string | null }
  | { kind: 'answer'; id: number; value: WorkerAnswers[WorkerCall['kind']] }
  | { kind: 'failure'; id: number | null; code: AppErrorCode; message: string };
