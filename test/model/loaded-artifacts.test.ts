import { describe, expect, it } from 'vitest';
import { loadedArtifacts } from '../../src/model/loaded-artifacts.js';

/** A scorer that takes its time, and what it holds. */
function slowScorer() {
  const loaded = new Set<string>();
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    loaded,
    isLoaded: (sha256: string) => loaded.has(sha256),
    load: async ({ sha256 }: { sha256: string }) => {
      await turn();
      loaded.add(sha256);
    },
    unload: async (sha256: string) => {
      await turn();
      loaded.delete(sha256);
    },
  };
}

function open(keep: number) {
  const scorer = slowScorer();
  const artifactBytes = (sha256: string): Promise<Uint8Array | null> =>
    Promise.resolve(sha256 === 'gone' ? null : new Uint8Array(1));
  return { scorer, artifacts: loadedArtifacts({ artifactBytes, scorer, keep }) };
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe('artifacts', () => {
  it('stay loaded while somebody holds them, and the lately released ones after that', async () => {
    const { scorer, artifacts } = open(1);
    await Promise.all(['a', 'a', 'b', 'c'].map((name) => artifacts.hold(name)));
    artifacts.release('a');
    artifacts.release('b');
    await settle();
    expect([...scorer.loaded].sort()).toEqual(['a', 'b', 'c']);
    artifacts.release('c');
    await settle();
    expect([...scorer.loaded].sort()).toEqual(['a', 'c']);
    artifacts.release('a');
    await settle();
    expect([...scorer.loaded]).toEqual(['a']);
  });

  it('wanted again while they are being unloaded are loaded again', async () => {
    const { scorer, artifacts } = open(0);
    await artifacts.hold('a');
    artifacts.release('a');
    await artifacts.hold('a');
    await settle();
    expect([...scorer.loaded]).toEqual(['a']);
  });

  it('whose bytes are gone are not held', async () => {
    const { scorer, artifacts } = open(0);
    await expect(artifacts.hold('gone')).rejects.toThrow('artifact gone is gone');
    await artifacts.hold('a');
    await settle();
    expect([...scorer.loaded]).toEqual(['a']);
  });
});
