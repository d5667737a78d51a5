"""Writes test/model/register/exports: trained models as their exporters write them, with the answers of the library.

Needs scikit-learn, xgboost, torch and onnx; the tests need only what it wrote. From the project's folder:
    python3 test/model/register/make-exports.py

The graphs of scikit-learn, XGBoost and LightGBM have the operators, attributes and outputs that skl2onnx and
onnxmltools give them (an int64 label and a ZipMap or a tensor of both classes); those of PyTorch come out of
torch.onnx.export. Data: scikit-learn's breast cancer table, every 7th value removed where a model takes missing ones;
a made-up plan and region stand for categories.
"""

import json
import os
import warnings

import numpy as np
import onnx
import pandas
from onnx import TensorProto, helper
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

warnings.filterwarnings("ignore")
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "exports")
F, I, S = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING
ML = "ai.onnx.ml"
NUMBERS = ["mean_radius", "mean_texture", "mean_smoothness", "mean_concavity"]

bunch = load_breast_cancer()
columns = [0, 1, 4, 6]
X = bunch.data[:, columns].astype(np.float32)
y = bunch.target
rng = np.random.default_rng(7)
holes = X.copy()
holes[rng.random(X.shape) < 1 / 7] = np.nan
plan = rng.choice(["basic", "plus", "pro"], len(y))
region = np.where(y + rng.random(len(y)) > 0.9, "north", "south").astype(object)
train, test = np.arange(0, 469), np.arange(469, 489)
expected = {}


def save(name, graph, ml=2, ir=8, producer="skl2onnx", with_onnx=True):
    opsets = [helper.make_opsetid(ML, ml)]
    if with_onnx:
        opsets.append(helper.make_opsetid("", 15))
    model = helper.make_model(graph, opset_imports=opsets, producer_name=producer)
    model.ir_version = ir
    onnx.checker.check_model(model)
    onnx.save(model, os.path.join(FOLDER, name + ".onnx"))


def tell(name, origin, features, rows, probabilities, missing):
    clean = lambda v: None if isinstance(v, float) and np.isnan(v) else v
    expected[name] = {
        "origin": origin,
        "features": features,
        "missing": missing,
        "rows": [[clean(v if isinstance(v, str) else float(v)) for v in row] for row in rows],
        "probability": [float(p) for p in probabilities],
    }


def tensor(name, kind, dims):
    return helper.make_tensor_value_info(name, kind, dims)


def maps(name):
    """A list of maps from class to probability, one a row."""
    info = onnx.ValueInfoProto(name=name)
    inner = info.type.sequence_type.elem_type.map_type
    inner.key_type = I
    inner.value_type.tensor_type.elem_type = F
    return info


def zip_map(scores):
    """Label and ZipMap, as skl2onnx ends every classifier."""
    nodes = [
        helper.make_node("Cast", ["label"], ["output_label"], "Cast", to=I),
        helper.make_node(
            "ZipMap", [scores], ["output_probability"], "ZipMap", domain=ML, classlabels_int64s=[0, 1]
        ),
    ]
    outputs = [
        tensor("output_label", I, [None]),
        maps("output_probability"),
    ]
    return nodes, outputs


def linear(inputs, coefficients, intercept):
    c = np.asarray(coefficients, dtype=np.float32).ravel()
    b = float(np.ravel(intercept)[0])
    return [
        helper.make_node(
            "LinearClassifier", [inputs], ["label", "probability_tensor"], "LinearClassifier", domain=ML,
            classlabels_ints=[0, 1], coefficients=[float(v) for v in np.concatenate([-c, c])],
            intercepts=[-b, b], multi_class=0, post_transform="LOGISTIC",
        ),
        helper.make_node(
            "Normalizer", ["probability_tensor"], ["probabilities"], "Normalizer", domain=ML, norm="L1"
        ),
    ]


def at_most(threshold):
    """The largest float32 that is <= threshold: x <= threshold then holds for the same float32 x."""
    rounded = np.float32(threshold)
    return float(np.nextafter(rounded, np.float32(-np.inf)) if rounded > threshold else rounded)


class Trees:
    def __init__(self):
        self.nodes, self.leaves = [], []

    def branch(self, tree, node, feature, value, yes, no, mode, missing_yes):
        self.nodes.append((tree, node, feature, value, yes, no, mode, int(missing_yes)))

    def leaf(self, tree, node, weights):
        self.nodes.append((tree, node, 0, 0.0, 0, 0, "LEAF", 0))
        self.leaves += [(tree, node, cls, float(w)) for cls, w in weights]

    def classifier(self, source, outputs, post_transform, base_values=None):
        t, n, f, v, yes, no, mode, missing = (list(c) for c in zip(*self.nodes))
        lt, ln, cls, w = (list(c) for c in zip(*self.leaves))
        extra = {} if base_values is None else {"base_values": base_values}
        return helper.make_node(
            "TreeEnsembleClassifier", [source], outputs, "TreeEnsembleClassifier", domain=ML,
            classlabels_int64s=[0, 1], post_transform=post_transform, nodes_treeids=t, nodes_nodeids=n,
            nodes_featureids=f, nodes_values=v, nodes_truenodeids=yes, nodes_falsenodeids=no, nodes_modes=mode,
            nodes_missing_value_tracks_true=missing, nodes_hitrates=[1.0] * len(t),
            class_treeids=lt, class_nodeids=ln, class_ids=cls, class_weights=w, **extra,
        )


def sklearn_logistic():
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[train], y[train])
    scaler, model = pipeline[0], pipeline[1]
    scale = helper.make_node(
        "Scaler", ["X"], ["variable"], "Scaler", domain=ML,
        offset=[float(v) for v in scaler.mean_], scale=[float(1 / v) for v in scaler.scale_],
    )
    ends, outputs = zip_map("probabilities")
    nodes = [scale, *linear("variable", model.coef_, model.intercept_), *ends]
    save("sklearn-logistic", helper.make_graph(nodes, "pipeline", [tensor("X", F, [None, 4])], outputs))
    rows = holes[test]
    answers = pipeline.predict_proba(np.nan_to_num(rows))[:, 1]
    tell("sklearn-logistic", "scikit-learn StandardScaler + LogisticRegression; NaN as 0",
         [[n, "number"] for n in NUMBERS], rows, answers, "FILLED")


def sklearn_forest():
    forest = RandomForestClassifier(12, max_depth=5, random_state=3).fit(X[train], y[train])
    trees = Trees()
    for t, estimator in enumerate(forest.estimators_):
        tree = estimator.tree_
        for n in range(tree.node_count):
            if tree.children_left[n] < 0:
                share = tree.value[n][0] / tree.value[n][0].sum() / len(forest.estimators_)
                trees.leaf(t, n, list(enumerate(share)))
            else:
                trees.branch(t, n, int(tree.feature[n]), at_most(tree.threshold[n]),
                             int(tree.children_left[n]), int(tree.children_right[n]), "BRANCH_LEQ", False)
    ends, outputs = zip_map("probabilities")
    nodes = [trees.classifier("X", ["label", "probabilities"], "NONE"), *ends]
    # Neither the shape of the input nor ai.onnx among the operator sets: older converters left both out.
    save("sklearn-forest", helper.make_graph(nodes, "forest", [tensor("X", F, [None, 4])], outputs),
         ml=1, ir=6)
    tell("sklearn-forest", "scikit-learn RandomForestClassifier", [[n, "number"] for n in NUMBERS],
         X[test], forest.predict_proba(X[test])[:, 1], "ANSWERS")


def sklearn_mixed():
    table = pandas.DataFrame({"radius": holes[:, 0], "texture": holes[:, 1], "plan": plan, "region": region})
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    pipeline = make_pipeline(
        ColumnTransformer([("n", numbers, ["radius", "texture"]), ("c", OneHotEncoder(handle_unknown="ignore"), ["plan", "region"])]),
        LogisticRegression(),
    ).fit(table.iloc[train], y[train])
    columns = pipeline[0]
    imputer, scaler = columns.named_transformers_["n"]
    encoder = columns.named_transformers_["c"]
    nodes = [
        helper.make_node("Concat", ["radius", "texture"], ["numbers"], "Concat", axis=1),
        helper.make_node("Imputer", ["numbers"], ["imputed"], "Imputer", domain=ML,
                         imputed_value_floats=[float(v) for v in imputer.statistics_],
                         replaced_value_float=float("nan")),
        helper.make_node("Scaler", ["imputed"], ["scaled"], "Scaler", domain=ML,
                         offset=[float(v) for v in scaler.mean_],
                         scale=[float(1 / v) for v in scaler.scale_]),
    ]
    constants, blocks = [], []
    for name, categories in zip(["plan", "region"], encoder.categories_):
        nodes.append(helper.make_node("OneHotEncoder", [name], [name + "_out"], name + "_encoder", domain=ML,
                                      cats_strings=[str(c) for c in categories], zeros=1))
        flat = helper.make_tensor(name + "_shape", I, [2], [-1, len(categories)])
        constants.append(flat)
        nodes.append(helper.make_node("Reshape", [name + "_out", name + "_shape"], [name + "_flat"], name + "_r"))
        blocks.append(name + "_flat")
    nodes.append(helper.make_node("Concat", ["scaled", *blocks], ["transformed"], "Concat1", axis=1))
    model = pipeline[1]
    ends, outputs = zip_map("probabilities")
    nodes += [*linear("transformed", model.coef_, model.intercept_), *ends]
    inputs = [tensor(n, F, [None, 1]) for n in ["radius", "texture"]]
    inputs += [tensor(n, S, [None, 1]) for n in ["plan", "region"]]
    save("sklearn-mixed", helper.make_graph(nodes, "pipeline", inputs, outputs, constants))
    rows = table.iloc[test].copy()
    rows.iloc[0, 2] = "unheard of"
    rows.iloc[1, 3] = ""
    tell("sklearn-mixed", "scikit-learn ColumnTransformer (median, scaling, one-hot) + LogisticRegression",
         [["radius", "number"], ["texture", "number"], ["plan", "category"], ["region", "category"]],
         rows.to_numpy(), pipeline.predict_proba(rows)[:, 1], "ANSWERS")


def lightgbm_like():
    """LightGBM's histogram boosting as scikit-learn has it, written as onnxmltools writes LightGBM."""
    model = HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=8).fit(holes[train], y[train])
    trees = Trees()
    for t, (predictor,) in enumerate(model._predictors):
        for n, node in enumerate(predictor.nodes):
            if node["is_leaf"]:
                base = float(np.ravel(model._baseline_prediction)[0]) if t == 0 else 0.0
                trees.leaf(t, n, [(0, node["value"] + base)])
            else:
                trees.branch(t, n, int(node["feature_idx"]), at_most(node["num_threshold"]), int(node["left"]),
                             int(node["right"]), "BRANCH_LEQ", bool(node["missing_go_to_left"]))
    tree = trees.classifier("input", ["label_tensor", "probability_tensor"], "LOGISTIC")
    nodes = [
        tree,
        helper.make_node("Cast", ["label_tensor"], ["label"], "cast_label", to=I),
        helper.make_node("ZipMap", ["probability_tensor"], ["probabilities"], "zip_map", domain=ML,
                         classlabels_int64s=[0, 1]),
    ]
    outputs = [tensor("label", I, [None]), maps("probabilities")]
    save("lightgbm-like", helper.make_graph(nodes, "lightgbm", [tensor("input", F, [None, 4])], outputs),
         ml=3, producer="OnnxMLTools", with_onnx=True)
    tell("lightgbm-like", "scikit-learn HistGradientBoostingClassifier", [[n, "number"] for n in NUMBERS],
         holes[test], model.predict_proba(holes[test])[:, 1], "ANSWERS")


def xgboost_boosted():
    import xgboost as xgb

    model = xgb.XGBClassifier(n_estimators=20, max_depth=3, base_score=0.4).fit(holes[train], y[train])
    trees = Trees()
    raw = json.loads(model.get_booster().save_raw("json"))
    for t, tree in enumerate(raw["learner"]["gradient_booster"]["model"]["trees"]):
        for n, left in enumerate(tree["left_children"]):
            if left < 0:
                trees.leaf(t, n, [(0, tree["split_conditions"][n])])
            else:
                trees.branch(t, n, tree["split_indices"][n], tree["split_conditions"][n], left,
                             tree["right_children"][n], "BRANCH_LT", bool(tree["default_left"][n]))
    base = float(np.log(0.4 / 0.6))
    node = trees.classifier("float_input", ["label", "probabilities"], "LOGISTIC", [base])
    outputs = [tensor("label", I, [None]), tensor("probabilities", F, [None, 2])]
    save("xgboost", helper.make_graph([node], "xgboost", [tensor("float_input", F, [None, 4])], outputs),
         ml=3, producer="OnnxMLTools", with_onnx=False)
    tell("xgboost", "XGBoost XGBClassifier", [[n, "number"] for n in NUMBERS], holes[test],
         model.predict_proba(holes[test])[:, 1], "ANSWERS")


def pytorch():
    import torch

    torch.manual_seed(5)
    mean, scale = X[train].mean(0), X[train].std(0)

    def fitted(network, loss, target):
        steps = torch.optim.Adam(network.parameters(), 0.02)
        inputs = torch.tensor(X[train])
        for _ in range(150):
            steps.zero_grad()
            loss(network(inputs), target).backward()
            steps.step()
        return network.eval()

    class Scaled(torch.nn.Module):
        def __init__(self, ends):
            super().__init__()
            self.register_buffer("mean", torch.tensor(mean))
            self.register_buffer("scale", torch.tensor(scale))
            self.layers = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, ends))

        def forward(self, x):
            return self.layers((x - self.mean) / self.scale)

    features = [[n, "number"] for n in NUMBERS]
    truth = torch.tensor(y[train])
    one = fitted(Scaled(1), torch.nn.BCEWithLogitsLoss(), truth.float()[:, None])
    free = {"input": {0: "batch"}, "logit": {0: "batch"}}
    torch.onnx.export(one, torch.tensor(X[:1]), os.path.join(FOLDER, "pytorch-logit.onnx"),
                      input_names=["input"], output_names=["logit"], dynamic_axes=free)
    rows = holes[test]
    filled = torch.tensor(np.nan_to_num(rows))
    tell("pytorch-logit", "PyTorch multilayer perceptron, one logit; NaN as 0", features, rows,
         torch.sigmoid(one(filled)).detach().numpy()[:, 0], "FILLED")
    two = fitted(Scaled(2), torch.nn.CrossEntropyLoss(), truth)
    torch.onnx.export(two, torch.tensor(X[:1]), os.path.join(FOLDER, "pytorch-classes.onnx"))
    tell("pytorch-classes", "PyTorch multilayer perceptron, a logit a class, exported for one row; NaN as 0",
         features, rows, torch.softmax(two(filled), 1).detach().numpy()[:, 1], "FILLED")

    class Share(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.one = one

        def forward(self, x):
            return torch.sigmoid(self.one(x)).squeeze(1)

    torch.onnx.export(Share(), torch.tensor(X[:3]), os.path.join(FOLDER, "pytorch-share.onnx"),
                      input_names=["numeric"], output_names=["probability"],
                      dynamic_axes={"numeric": {0: "n"}, "probability": {0: "n"}})
    tell("pytorch-share", "PyTorch multilayer perceptron, a share [N]; NaN as 0", features, rows,
         torch.sigmoid(one(filled)).detach().numpy()[:, 0], "FILLED")


os.makedirs(FOLDER, exist_ok=True)
for make in [sklearn_logistic, sklearn_forest, sklearn_mixed, lightgbm_like, xgboost_boosted, pytorch]:
    make()
with open(os.path.join(FOLDER, "expected.json"), "w") as file:
    json.dump(expected, file, separators=(",", ":"))
    file.write("\n")
