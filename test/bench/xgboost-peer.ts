import { spawn, spawnSync } from 'node:child_process';
import readline from 'node:readline';
import { z } from 'zod';

const answerSchema = z.object({
  /** Wall and CPU seconds of the step. */
  wall: z.number(),
  cpu: z.number(),
  auc: z.number().optional(),
  /** Bytes resident before the step and at most during it. */
  before: z.number(),
  peak: z.number(),
});

/** Answer of one step. */
export type PeerAnswer = z.infer<typeof answerSchema>;

/** XGBoost in a Python process of its own, driven step by step. */
export interface XgboostPeer {
  version: string;
  /** Trains with hist on the training part, 200 trees of depth 6, rate 0.1; AUC on the test part. */
  fit: (threads: number) => Promise<PeerAnswer>;
  /** Shapley values (pred_contribs) of the first `rows` test rows by the model trained last. */
  contributions: (rows: number) => Promise<PeerAnswer>;
  close: () => void;
}

const python = '/usr/bin/python3';

const program = `
import sys, time, json, numpy as np, xgboost as xgb
from sklearn.metrics import roc_auc_score
M = np.uint64(0xffffffff)
def mix(h):
    h = h ^ (h >> np.uint64(16)); h = (h * np.uint64(0x85ebca6b)) & M
    h = h ^ (h >> np.uint64(13)); h = (h * np.uint64(0xc2b2ae35)) & M
    return h ^ (h >> np.uint64(16))
def u(i, j, s):
    return mix((i * np.uint64(0x9e3779b1) + np.uint64(j) * np.uint64(0x85ebca77) + np.uint64(s)) & M) / 4294967296.0
n = int(sys.argv[1])
i = np.arange(n, dtype=np.uint64)
x = np.stack([u(i, j, 1) for j in range(20)], 1)
s = 3*(x[:,0]-.5) + 4*(x[:,1]-.5)*(x[:,2]-.5) + 2*np.sin(2*np.pi*x[:,3]) + 2*(x[:,4]>.7)*(x[:,5]-.5)*2 \\
    - 1.5*abs(x[:,6]-.5)*2 + 1.2*(x[:,7]*x[:,8]>.25) - 1.4
y = (u(i, 20, 1) < 1/(1+np.exp(-s))).astype(int)
t = ((i * np.uint64(2654435761)) & M) < 0.2 * 4294967296
x = x.astype(np.float32)
xa, ya, xb, yb = x[~t].copy(), y[~t].copy(), x[t].copy(), y[t].copy()
del x, y, s, t, i
def memory(name):
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))
def reset():
    with open('/proc/self/clear_refs', 'w') as refs:
        refs.write('5')
for line in sys.stdin:
    words = line.split()
    reset()
    answer = {'before': memory('VmRSS')}
    wall, cpu = time.perf_counter(), time.process_time()
    if words[0] == 'fit':
        model = xgb.XGBClassifier(n_estimators=200, max_depth=6, learning_rate=0.1, tree_method='hist',
                                  n_jobs=int(words[1]))
        model.fit(xa, ya)
    else:
        model.get_booster().set_param({'nthread': 1})
        model.get_booster().predict(xgb.DMatrix(xb[:int(words[1])]), pred_contribs=True)
    answer['wall'], answer['cpu'] = time.perf_counter() - wall, time.process_time() - cpu
    answer['peak'] = memory('VmHWM')
    if words[0] == 'fit':
        answer['auc'] = roc_auc_score(yb, model.predict_proba(xb)[:, 1])
    print(json.dumps(answer), flush=True)
`;

/** Starts the peer on the generated set of `rows` rows, or null where Debian's python3-xgboost is not installed. */
export function startXgboostPeer(rows: number): XgboostPeer | null {
  const probe = spawnSync(python, [
    '-c',
    'import xgboost, sklearn; print(xgboost.__version__, end="")',
  ]);
  if (probe.status !== 0) return null;
  const env = { ...process.env, PYTHONWARNINGS: 'ignore' };
  const child = spawn(python, ['-c', program, String(rows)], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (step: string): Promise<PeerAnswer> => {
    child.stdin.write(`${step}\n`);
    const line = await lines.next();
    if (line.done === true) throw new Error('XGBoost ended without an answer');
    return answerSchema.parse(JSON.parse(line.value));
  };
  return {
    version: probe.stdout.toString(),
    fit: (threads) => ask(`fit ${String(threads)}`),
    contributions: (count) => ask(`contributions ${String(count)}`),
    close: () => child.stdin.end(),
  };
}
