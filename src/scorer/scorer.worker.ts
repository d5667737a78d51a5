import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../kernel/error.js';
import { assignRows } from './assign-rows.js';
import { NativeGate } from './gate.js';
import type { WorkerAnswers, WorkerCall, WorkerData, WorkerMessage } from './messages.js';
import type { ProviderName } from './provider.js';
import { firstAccepted, providerCandidates } from './provider.js';
import type { PackedRows } from './rows.js';
import type { LoadedModel } from './session.js';
import { loadModel, scoreRows, tryProvider } from './session.js';

const port = parentPort;
if (!port) throw new Error('scorer.worker.ts runs in a worker thread only');

const { provider: choice, gate: shared } = workerData as WorkerData;
const gate = new NativeGate(shared);
const models = new Map<string, LoadedModel>();
let candidates: readonly ProviderName[] = ['cpu'];
let turn = start();

async function start(): Promise<void> {
  try {
    const { provider, note } = await gate.inside(() =>
      firstAccepted(providerCandidates(choice), tryProvider),
    );
    // `auto` may still fall back to cpu for a model that its provider computes differently.
    candidates = choice === 'auto' && provider !== 'cpu' ? [provider, 'cpu'] : [provider];
    post({ kind: 'ready', provider, note });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const text = `the execution provider cannot be used: ${reason}`;
    fail(null, new AppError('CONFIGURATION', text));
    port?.close();
  }
}

function post(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer);
}

function fail(id: number | null, error: unknown): void {
  const known = error instanceof AppError;
  const message = error instanceof Error ? error.message : String(error);
  post({ kind: 'failure', id, code: known ? error.code : 'INTERNAL', message });
}

function model(sha256: string): LoadedModel {
  const found = models.get(sha256);
  if (!found) throw new AppError('UNAVAILABLE', `model ${sha256.slice(0, 12)} is not loaded`);
  return found;
}

async function load(call: { sha256: string; bytes: Uint8Array }): Promise<WorkerAnswers['load']> {
  const loaded = models.get(call.sha256);
  if (loaded) return { inputs: loaded.inputs, note: null };
  const { note, ...fresh } = await loadModel(call.sha256, call.bytes, candidates);
  models.set(call.sha256, fresh);
  return { inputs: fresh.inputs, note };
}

async function unload(sha256: string): Promise<null> {
  const found = models.get(sha256);
  models.delete(sha256);
  await found?.session.release();
  return null;
}

function explain(loaded: LoadedModel, packed: PackedRows): WorkerAnswers['explain'] {
  if (!loaded.explain) throw new AppError('INVALID', 'the model carries no classifier to explain');
  const { values, ...head } = loaded.explain(packed);
  return { ...head, values: new Float64Array(values) };
}

async function answer(id: number, call: WorkerCall): Promise<void> {
  switch (call.kind) {
    case 'load':
      post({ kind: 'answer', id, value: await load(call) });
      return;
    case 'unload':
      post({ kind: 'answer', id, value: await unload(call.sha256) });
      return;
    case 'score': {
      const value = await scoreRows(model(call.sha256), call.rows);
      post({ kind: 'answer', id, value }, [value.margin.buffer, value.probability.buffer]);
      return;
    }
    case 'assign': {
      const value = await assignRows(model(call.sha256), call.rows);
      const { segment, probability, distance } = value;
      post({ kind: 'answer', id, value }, [segment.buffer, probability.buffer, distance.buffer]);
      return;
    }
    case 'explain': {
      const value = explain(model(call.sha256), call.rows);
      post({ kind: 'answer', id, value }, [value.values.buffer]);
      return;
    }
    case 'close':
      await Promise.all([...models.keys()].map(unload));
      post({ kind: 'answer', id, value: null });
      port?.close();
  }
}

port.on('message', ({ id, call }: { id: number; call: WorkerCall }) => {
  // One after the other: a run in between two halves of a load would see half a model.
  turn = turn
    .then(() => gate.inside(() => answer(id, call)))
    .catch((error: unknown) => {
      fail(id, error);
    });
});
