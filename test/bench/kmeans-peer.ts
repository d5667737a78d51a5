import { spawn, spawnSync } from 'node:child_process';
import readline from 'node:readline';
import { z } from 'zod';

const answerSchema = z.object({
  /** Wall and CPU seconds of the fit. */
  wall: z.number(),
  cpu: z.number(),
  inertia: z.number(),
  iterations: z.number(),
});

/** Answer of one fit. */
export type KMeansAnswer = z.infer<typeof answerSchema>;

/** scikit-learn's k-means in a Python process of its own, driven fit by fit. */
export interface KMeansPeer {
  version: string;
  /** Lloyd's iterations from the first five rows until no row changes its group. */
  fromRows: (threads: number) => Promise<KMeansAnswer>;
  /** One or ten k-means++ starts with the usual tolerance. */
  seeded: (threads: number, restarts: number) => Promise<KMeansAnswer>;
  close: () => void;
}

const python = '/usr/bin/python3';

const program = `
import sys, time, json, numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits
M = np.uint64(0xffffffff)
def mix(h):
    h = h ^ (h >> np.uint64(16)); h = (h * np.uint64(0x85ebca6b)) & M
    h = h ^ (h >> np.uint64(13)); h = (h * np.uint64(0xc2b2ae35)) & M
    return h ^ (h >> np.uint64(16))
def u(i, j, s):
    return mix((i * np.uint64(0x9e3779b1) + np.uint64(j) * np.uint64(0x85ebca77) + np.uint64(s)) & M) / 4294967296.0
n = int(sys.argv[1])
i = np.arange(n, dtype=np.uint64)
g = np.floor(5 * u(i, 100, 2)).astype(np.uint64)
x = np.stack([6*u(g, 200+j, 2) + (u(i, 3*j, 2) + u(i, 3*j+1, 2) + u(i, 3*j+2, 2)) - 1.5 for j in range(8)], 1)
del i, g
for line in sys.stdin:
    threads, restarts = map(int, line.split())
    if restarts == 0:
        model = KMeans(5, init=x[:5], n_init=1, tol=0, algorithm='lloyd')
    else:
        model = KMeans(5, n_init=restarts, random_state=1, algorithm='lloyd')
    with threadpool_limits(threads):
        wall, cpu = time.perf_counter(), time.process_time()
        model.fit(x)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({'wall': wall, 'cpu': cpu, 'inertia': model.inertia_, 'iterations': model.n_iter_}), flush=True)
`;

/** Starts the peer on the generated set of `rows` rows, or null where Debian's python3-sklearn is not installed. */
export function startKMeansPeer(rows: number): KMeansPeer | null {
  const probe = spawnSync(python, ['-c', 'import sklearn; print(sklearn.__version__, end="")']);
  if (probe.status !== 0) return null;
  const child = spawn(python, ['-c', program, String(rows)], {
    env: { ...process.env, PYTHONWARNINGS: 'ignore' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (threads: number, restarts: number): Promise<KMeansAnswer> => {
    child.stdin.write(`${threads} ${restarts}\n`);
    const line = await lines.next();
    if (line.done === true) throw new Error('scikit-learn ended without an answer');
    return answerSchema.parse(JSON.parse(line.value));
  };
  return {
    version: probe.stdout.toString(),
    fromRows: (threads) => ask(threads, 0),
    seeded: ask,
    close: () => child.stdin.end(),
  };
}
