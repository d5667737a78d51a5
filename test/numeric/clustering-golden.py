"""Golden values of Gaussian mixtures, DBSCAN and Ward's linkage on public tables, from scikit-learn and scipy.

Made with Python 3.11, scikit-learn 1.2.1, scipy 1.10.1, numpy 1.24.2 (Debian 12), the data folder as argument:
    python3 test/numeric/clustering-golden.py DATA > test/numeric/clustering-golden.json && npx prettier --write test/numeric/clustering-golden.json
"""
import csv, datetime, gzip, hashlib, json, sys, warnings
import numpy as np
from scipy.cluster.hierarchy import fcluster, ward
from sklearn.cluster import DBSCAN
from sklearn.mixture import GaussianMixture

warnings.filterwarnings("ignore")
DATA = sys.argv[1]


def read(name):
    with gzip.open(f"{DATA}/{name}", "rt", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def scaled(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


def telco():
    number = lambda text: float(text) if text.strip() else 0.0
    names = ["tenure", "MonthlyCharges", "TotalCharges"]
    return scaled(np.array([[number(row[name]) for name in names] for row in read("telco_customer_churn.csv.gz")]))


def cdnow():
    end = datetime.date(1998, 7, 1).toordinal()
    days, amount = {}, {}
    for row in read("cdnow.csv.gz"):
        customer = int(row["customer_id"])
        days.setdefault(customer, set()).add(datetime.date.fromisoformat(row["date"]).toordinal())
        amount[customer] = amount.get(customer, 0) + float(row["amount"])
    rows = [[end - max(days[c]), len(days[c]), amount[c]] for c in sorted(days)]
    return scaled(np.log1p(np.array(rows, dtype=float)))


def bands(x, k):
    """`bandLabels` of test/support/clustering-golden.ts: k equal parts of the first column's range."""
    first = x[:, 0]
    part = np.floor((first - first.min()) / (first.max() - first.min()) * k).astype(int)
    return np.minimum(part, k - 1)


class FromLabels(GaussianMixture):
    """Starts from labels, as `fit` does from those of k-means."""

    def _initialize_parameters(self, X, random_state):
        self._initialize(X, np.eye(self.n_components)[bands(X, self.n_components)])


def mixture(x, k, covariance, regularisation, tolerance):
    fit = FromLabels(k, covariance_type=covariance, reg_covar=regularisation, tol=tolerance).fit(x)
    return {
        "k": k,
        "covariance": covariance,
        "regularisation": regularisation,
        "tolerance": tolerance,
        "iterations": fit.n_iter_,
        "converged": bool(fit.converged_),
        "logLikelihood": fit.score(x) * len(x),
        "bic": fit.bic(x),
        "aic": fit.aic(x),
        "weights": fit.weights_.tolist(),
        "means": fit.means_.ravel().tolist(),
        "sizes": np.bincount(fit.predict(x), minlength=k).tolist(),
    }


def numbered(labels):
    """Groups numbered by their first row; noise stays -1."""
    number, result = {}, []
    for label in labels.tolist():
        result.append(-1 if label < 0 else number.setdefault(label, len(number)))
    return result


def digest(labels):
    return hashlib.sha256(",".join(map(str, labels)).encode()).hexdigest()


def dbscan(x, eps, least):
    fit = DBSCAN(eps=eps, min_samples=least).fit(x)
    labels = fit.labels_.tolist()
    return {
        "eps": eps,
        "minPoints": least,
        "k": max(labels) + 1,
        "noise": labels.count(-1),
        "core": len(fit.core_sample_indices_),
        "labels": digest(labels),
    }


def linkage(x):
    tree = ward(x)
    return {
        "rows": len(x),
        "lastHeights": tree[-20:, 2].tolist(),
        "heightSum": float(tree[:, 2].sum()),
        "cuts": [{"k": k, "labels": digest(numbered(fcluster(tree, k, "maxclust")))} for k in range(2, 16)],
    }


mixtures = [(k, c, r, t) for k in (2, 3, 5) for c, r, t in
            [("full", 1e-2, 1e-3), ("diag", 1e-2, 1e-3), ("full", 1e-6, 1e-3)]] + [(4, "full", 1e-2, 1e-6)]
a, b = telco(), cdnow()
json.dump({
    "telco": {
        "mixtures": [mixture(a, *m) for m in mixtures],
        "dbscan": [dbscan(a, *d) for d in [(0.05, 5), (0.1, 5), (0.25, 10), (0.5, 5)]],
        "ward": linkage(a[:5000]),
    },
    "cdnow": {
        "mixtures": [mixture(b, *m) for m in mixtures],
        "dbscan": [dbscan(b, *d) for d in [(0.05, 5), (0.1, 10), (0.25, 25), (0.5, 5)]],
        "ward": linkage(b[:4000]),
    },
}, sys.stdout)
