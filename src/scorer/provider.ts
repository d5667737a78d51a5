import { encodeModel } from '../onnx/graph.js';

/** Execution providers that we know how to check. */
export type ProviderName = 'cpu' | 'cuda' | 'webgpu';
export type ProviderChoice = ProviderName | 'auto';

/** Another provider than cpu may differ from it by this much in probability, on any row. */
export const PROVIDER_TOLERANCE = 1e-4;

/** Which to try, in this order. */
export function providerCandidates(choice: ProviderChoice): readonly ProviderName[] {
  return choice === 'auto' ? ['cuda', 'webgpu', 'cpu'] : [choice];
}

/**
 * The first candidate that `attempt` accepts, and why the earlier ones were passed over.
 * @throws Error with all reasons when none is accepted
 */
export async function firstAccepted<T>(
  candidates: readonly ProviderName[],
  attempt: (provider: ProviderName) => Promise<T>,
): Promise<{ provider: ProviderName; value: T; note: string | null }> {
  const reasons: string[] = [];
  for (const provider of candidates) {
    try {
      const value = await attempt(provider);
      return { provider, value, note: reasons.length > 0 ? reasons.join('; ') : null };
    } catch (error) {
      reasons.push(`${provider}: ${shortReason(error)}`);
    }
  }
  throw new Error(reasons.join('; '));
}

/** ONNX Runtime's messages start with a place in its sources and end in stack traces; this is the rest. */
function shortReason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.split('\n').find((one) => one.trim() !== '') ?? text;
  return line
    .replace(/^\S+:\d+ .* was false\. /, '')
    .trim()
    .slice(0, 300);
}

/** The smallest graph that a provider must run: y = sigmoid(x), float [N, 1]. */
export function probeGraph(): Uint8Array {
  return encodeModel({
    irVersion: 10,
    producer: 'augury',
    name: 'probe',
    description: '',
    opsets: { '': 21 },
    nodes: [{ op: 'Sigmoid', inputs: ['x'], outputs: ['y'] }],
    constants: [],
    inputs: [{ name: 'x', type: 'float', dims: ['N', 1] }],
    outputs: [{ name: 'y', type: 'float', dims: ['N', 1] }],
    metadata: {},
  });
}
