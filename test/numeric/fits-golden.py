"""Golden values of the elastic-net logistic regression and of the isolation forest, from scikit-learn.

Made with Python 3.11, scikit-learn 1.2.1, numpy 1.24.2, scipy 1.10.1 (Debian 12):
    python3 test/numeric/fits-golden.py > test/numeric/fits-golden.json && npx prettier --write test/numeric/fits-golden.json
"""
import json, sys
import numpy as np
import scipy, sklearn
from scipy.stats import spearmanr
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

MASK = 0xFFFFFFFF


def uniform(row, column, seed):
    """`uniformAt` of test/support/synthetic.ts."""
    h = (row * 0x9E3779B1 + column * 0x85EBCA77 + seed) & MASK
    h ^= h >> 16
    h = (h * 0x85EBCA6B) & MASK
    h ^= h >> 13
    h = (h * 0xC2B2AE35) & MASK
    h ^= h >> 16
    return h / 4294967296


def linear_table():
    """`linearTable` of test/support/fits-golden.ts: columns 0..2 count, 3 is a copy of 0 with noise, 7 is mostly 0."""
    rows = []
    for i in range(400):
        u = [uniform(i, j, 11) for j in range(9)]
        rows.append([u[0], u[1], u[2], u[0] + 0.2 * u[3], u[4], u[5], u[6], 1.0 if u[7] < 0.2 else 0.0])
    x = np.array(rows, dtype=np.float32).astype(np.float64)
    margin = 4 * (x[:, 0] - 0.5) - 3 * (x[:, 1] - 0.5) + 1.5 * (x[:, 2] - 0.5) - 0.5
    y = np.array([1 if uniform(i, 9, 11) < 1 / (1 + np.exp(-margin[i])) else 0 for i in range(400)])
    return (x - x.mean(axis=0)) / x.std(axis=0), y


def elastic_net():
    z, y = linear_table()
    out = []
    for c in (0.02, 0.05, 1.0):
        for ratio in (1.0, 0.5, 0.1, 0.0):
            model = LogisticRegression(penalty="elasticnet", solver="saga", C=c, l1_ratio=ratio,
                                       tol=1e-13, max_iter=1_000_000, random_state=0).fit(z, y)
            w, b = model.coef_[0], model.intercept_[0]
            m = z @ w + b
            objective = ((1 - ratio) / 2 * w @ w + ratio * np.abs(w).sum()
                         + c * np.logaddexp(0, np.where(y == 1, -m, m)).sum())
            out.append({"c": c, "l1Ratio": ratio, "weights": list(w), "intercept": b, "objective": objective})
    return {"positives": int(y.sum()), "fits": out}


def planted():
    """`plantedOutliers` of test/support/fits-golden.ts: 1000 rows near two centres, every 25th is spread wider."""
    rows, label = [], []
    for i in range(1000):
        far = i % 25 == 0
        centre = 3 if uniform(i, 0, 5) < 0.5 else -3
        # Sums of four uniforms: bell-shaped without logarithms, so that any language agrees to the bit.
        bell = [sum(uniform(i, 10 * j + k, 5) for k in range(1, 5)) - 2 for j in range(5)]
        rows.append([2.5 * b + centre if far else b + centre for b in bell])
        label.append(1 if far else 0)
    return np.array(rows, dtype=np.float32), np.array(label)


def isolation():
    x, y = planted()
    scores, aucs = [], []
    for seed in range(30):
        forest = IsolationForest(n_estimators=100, max_samples=256, random_state=seed).fit(x)
        scores.append(-forest.score_samples(x))
        aucs.append(roc_auc_score(y, scores[-1]))
    mean = np.mean(scores, axis=0)
    ranks = [spearmanr(s, mean).correlation for s in scores]
    return {
        "meanScores": [round(float(s), 4) for s in mean],
        "auc": {"mean": float(np.mean(aucs)), "low": min(aucs), "high": max(aucs)},
        "rankCorrelationWithMean": {"low": min(ranks), "high": max(ranks)},
        "largestDifferenceFromMean": float(np.max([np.max(np.abs(s - mean)) for s in scores])),
    }


json.dump({
    "versions": {"python": sys.version.split()[0], "sklearn": sklearn.__version__,
                 "numpy": np.__version__, "scipy": scipy.__version__},
    "elasticNet": elastic_net(),
    "isolation": isolation(),
}, sys.stdout, indent=1)
