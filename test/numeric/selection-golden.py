"""Golden values of feature selection, from scikit-learn and scipy.

Made with Python 3.11, scikit-learn 1.2.1, scipy 1.10.1 (Debian 12):
    python3 test/numeric/selection-golden.py TELCO.csv.gz > test/numeric/selection-golden.json
TELCO.csv.gz is telco_customer_churn.csv.gz, see docs/real-data.md.
"""
import csv, gzip, json, sys
import numpy as np
import scipy, sklearn
from scipy import special, stats
from sklearn.feature_selection import chi2, f_classif, mutual_info_classif
from sklearn.metrics import mutual_info_score

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


def made(rows, effect):
    label = np.array([1 if uniform(i, 0, 7) < 0.4 else 0 for i in range(rows)], dtype=np.int64)
    number = np.array([uniform(i, 1, 7) for i in range(rows)]) + effect * label
    count = np.floor(6 * number)
    third = np.array([1 if uniform(i, 2, 7) < 0.5 else 0 for i in range(rows)]) + label
    return label, number, count, third


def of_numbers(rows, effect):
    label, number, count, third = made(rows, effect)
    pearson = stats.pearsonr(number, label)
    f, p = f_classif(number.reshape(-1, 1), label)
    three_f, three_p = stats.f_oneway(*(number[third == g] for g in range(3)))
    table = np.array([[np.sum((count == a) & (label == b)) for b in (0, 1)] for a in np.unique(count)])
    chi, chi_p, df, _ = stats.chi2_contingency(table, correction=False)
    counts, counts_p = chi2(count.reshape(-1, 1), label)
    return {
        "rows": rows,
        "effect": effect,
        "pearson": {"r": pearson[0], "pValue": pearson[1]},
        "anova": {"f": f[0], "pValue": p[0]},
        "anovaOfThree": {"f": three_f, "pValue": three_p},
        "chiSquare": {"statistic": chi, "pValue": chi_p, "degreesOfFreedom": int(df)},
        "cramersV": stats.contingency.association(table, method="cramer"),
        "chiSquareOfCounts": {"statistic": counts[0], "pValue": counts_p[0]},
        "mutualInformationOfCounts": mutual_info_score(count, label),
        "mutualInformationOfClasses": mutual_info_classif(
            number.reshape(-1, 1), label, discrete_features=False, random_state=0)[0],
    }


def special_functions():
    gamma = [[a, x, special.gammaincc(a, x)] for a in (0.5, 1, 3.5, 60, 4000)
             for x in (0.01 * a, 0.7 * a, a + 0.5, 1.3 * a, 3 * a + 20) if special.gammaincc(a, x) > 1e-290]
    beta = [[x, a, b, special.betainc(a, b, x)] for a, b in ((0.5, 0.5), (2, 7), (30, 0.5), (4000, 0.5), (99999, 1.5))
            for x in (0.001, 0.2, 0.5, 0.97, 0.99999) if special.betainc(a, b, x) > 1e-290]
    points = (0.1, 0.7, 1, 2.5, 10, 1234.5, 1e6)
    return {
        "logGamma": [[x, special.gammaln(x)] for x in points],
        "digamma": [[x, special.digamma(x)] for x in points],
        "upperGamma": gamma,
        "regularisedBeta": beta,
    }


def telco(path):
    rows = list(csv.DictReader(gzip.open(path, "rt", encoding="utf-8-sig")))
    label = np.array([1 if row["Churn"] == "Yes" else 0 for row in rows])
    numeric = ["SeniorCitizen", "tenure", "MonthlyCharges", "TotalCharges"]
    categorical = [name for name in rows[0] if name not in ("customerID", "Churn", *numeric)]
    out = {"pearson": {}, "anova": {}, "chiSquare": {}, "mutualInformation": {}}
    for name in numeric:
        values = np.array([np.float32(row[name]) if row[name].strip() else np.nan for row in rows], dtype=np.float64)
        known = ~np.isnan(values)
        x, y = values[known], label[known]
        r, p = stats.pearsonr(x, y)
        out["pearson"][name] = {"r": r, "pValue": p}
        f, p = f_classif(x.reshape(-1, 1), y)
        out["anova"][name] = {"f": f[0], "pValue": p[0]}
        discrete = name == "SeniorCitizen"
        out["mutualInformation"][name] = mutual_info_classif(
            x.reshape(-1, 1), y, discrete_features=discrete, random_state=0)[0]
    for name in [*categorical, "SeniorCitizen"]:
        values = np.array([row[name] for row in rows])
        table = np.array([[np.sum((values == a) & (label == b)) for b in (0, 1)] for a in np.unique(values)])
        chi, p, _, _ = stats.chi2_contingency(table, correction=False)
        out["chiSquare"][name] = {"statistic": chi, "pValue": p}
        out["mutualInformation"][name] = mutual_info_score(values, label)
    return out


json.dump({
    "made with": f"scikit-learn {sklearn.__version__}, scipy {scipy.__version__}, {sys.argv[0]}",
    "specialFunctions": special_functions(),
    "numbers": [of_numbers(400, 0.0), of_numbers(400, 0.15), of_numbers(3000, 0.4)],
    "telco": telco(sys.argv[1]),
}, sys.stdout, indent=1)
print()
