"""Golden values of scores of clusterings, from scikit-learn and scipy.

Made with Python 3.11, scikit-learn 1.2.1, scipy 1.10.1 (Debian 12):
    python3 test/numeric/cluster-scores-golden.py FOLDER > test/numeric/cluster-scores-golden.json
FOLDER holds telco_customer_churn.csv.gz and reference/cluster_telco_numeric.json, see docs/real-data.md.
"""
import csv, gzip, json, sys
import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn import metrics

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


def agreement(classes, groups):
    return {
        "ari": metrics.adjusted_rand_score(classes, groups),
        "nmi": metrics.normalized_mutual_info_score(classes, groups),
        "homogeneity": metrics.homogeneity_score(classes, groups),
        "completeness": metrics.completeness_score(classes, groups),
    }


def made_labels(rows, k, copied):
    """Classes by chance; groups that copy the class for a share of the rows."""
    classes = [int(uniform(i, 0, 3) * k) for i in range(rows)]
    groups = [classes[i] if uniform(i, 1, 3) < copied else int(uniform(i, 2, 3) * (k + 1)) - 1 for i in range(rows)]
    return classes, groups


def of_labels(rows, k, copied):
    return {"rows": rows, "k": k, "copied": copied, **agreement(*made_labels(rows, k, copied))}


def of_points(rows, columns, k, pull):
    """Points drawn towards the corner of their label; the label -1 is noise and left out."""
    labels = np.array([int(uniform(i, 99, 5) * (k + 1)) - 1 for i in range(rows)])
    points = np.array([[uniform(i, j, 5) + pull * uniform(int(labels[i]), j, 6) for j in range(columns)] for i in range(rows)])
    points, known = points[labels >= 0], labels[labels >= 0]
    return {
        "rows": rows, "columns": columns, "k": k, "pull": pull,
        "silhouette": metrics.silhouette_score(points, known),
        "firstSilhouettes": list(metrics.silhouette_samples(points, known)[:5]),
        "calinskiHarabasz": metrics.calinski_harabasz_score(points, known),
        "daviesBouldin": metrics.davies_bouldin_score(points, known),
    }


def of_assignment(rows, columns):
    cost = np.array([[uniform(i, j, 8) for j in range(columns)] for i in range(rows)])
    return {"rows": rows, "columns": columns, "cost": cost[linear_sum_assignment(cost)].sum()}


def of_telco(folder):
    """Groups of the reference's k-means against churn and contract."""
    with gzip.open(f"{folder}/telco_customer_churn.csv.gz", "rt", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    reference = json.load(open(f"{folder}/reference/cluster_telco_numeric.json"))
    raw = np.array([[float(row[name].strip() or 0) for name in reference["columns"]] for row in rows])
    scaled = (raw - np.array(reference["mean"])) / np.array(reference["std"])
    found = {}
    for run in reference["kmeans"]:
        if run["k"] not in (2, 5):
            continue
        centers = np.array(run["centers_scaled"])
        groups = ((scaled[:, None, :] - centers[None]) ** 2).sum(axis=2).argmin(axis=1)
        for column in ("Churn", "Contract"):
            found[f"{run['k']} {column}"] = agreement([row[column] for row in rows], groups)
    return found


print(json.dumps({
    "labels": [of_labels(50, 3, 0.5), of_labels(2000, 6, 0.8), of_labels(2000, 6, 0), of_labels(500, 40, 0.9)],
    "points": [of_points(60, 2, 2, 3), of_points(700, 5, 4, 1), of_points(700, 5, 12, 0)],
    "assignments": [of_assignment(5, 5), of_assignment(30, 30), of_assignment(12, 40), of_assignment(40, 12)],
    "telco": of_telco(sys.argv[1]),
}, indent=1))
