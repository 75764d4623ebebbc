"""Write fitted scikit-learn models, as its users do. Run by hand: `python sklearn_models.py FOLDER [--all]`.

The committed files are of scikit-learn 0.21.3, 0.24.2, 1.2.2, 1.5.2 (two of them) and 1.9.1. With --all every estimator there is, is written:
none of them may be found anything wrong with, but they would be too many to keep.
"""

import functools
import pickle
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import sklearn

try:
    from sklearn.utils import all_estimators
except ImportError:
    from sklearn.utils.testing import all_estimators
from sklearn import (
    calibration,
    cluster,
    compose,
    decomposition,
    ensemble,
    feature_extraction,
    feature_selection,
    gaussian_process,
    isotonic,
    linear_model,
    metrics,
    model_selection,
    multiclass,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)

try:
    from sklearn.experimental import enable_hist_gradient_boosting, enable_iterative_imputer  # noqa: F401
except ImportError:
    pass

RANDOM = np.random.RandomState(0)
X = RANDOM.rand(24, 4)
CLASSES = np.arange(24) % 2
NUMBERS = X @ np.array([1.0, 2.0, 0.0, -1.0])
TEXTS = ["red apples", "green pears", "red pears", "green apples"] * 6


def clip(values, low=0.0):
    return np.clip(values, low, None)


def models():
    """Return the models that are kept, by name."""
    small = {"n_estimators": 3, "random_state": 0}
    made = {
        "logistic-regression": linear_model.LogisticRegression().fit(X, CLASSES),
        "linear-regression": linear_model.LinearRegression().fit(X, NUMBERS),
        "ridge-cv": linear_model.RidgeCV().fit(X, NUMBERS),
        "lasso": linear_model.Lasso().fit(X, NUMBERS),
        "sgd-classifier": linear_model.SGDClassifier(random_state=0).fit(X, CLASSES),
        "perceptron": linear_model.Perceptron().fit(X, CLASSES),
        "decision-tree": tree.DecisionTreeClassifier(max_depth=3).fit(X, CLASSES),
        "regression-tree": tree.DecisionTreeRegressor(max_depth=3).fit(X, NUMBERS),
        "random-forest": ensemble.RandomForestClassifier(max_depth=2, **small).fit(X, CLASSES),
        "extra-trees": ensemble.ExtraTreesRegressor(max_depth=2, **small).fit(X, NUMBERS),
        "gradient-boosting": ensemble.GradientBoostingClassifier(max_depth=2, **small).fit(X, CLASSES),
        "gradient-boosting-regression": ensemble.GradientBoostingRegressor(max_depth=2, **small).fit(X, NUMBERS),
        "ada-boost": ensemble.AdaBoostClassifier(**small).fit(X, CLASSES),
        "bagging": ensemble.BaggingRegressor(**small).fit(X, NUMBERS),
        "isolation-forest": ensemble.IsolationForest(**small).fit(X),
        "voting": ensemble.VotingClassifier(
            [("a", naive_bayes.GaussianNB()), ("b", linear_model.LogisticRegression())]
        ).fit(X, CLASSES),
        "svc": svm.SVC(probability=True).fit(X, CLASSES),
        "linear-svc": svm.LinearSVC().fit(X, CLASSES),
        "one-class-svm": svm.OneClassSVM().fit(X),
        "gaussian-process": gaussian_process.GaussianProcessRegressor(
            gaussian_process.kernels.RBF() + gaussian_process.kernels.WhiteKernel()
        ).fit(X, NUMBERS),
        "kd-tree": neighbors.KNeighborsClassifier(algorithm="kd_tree").fit(X, CLASSES),
        "ball-tree": neighbors.KNeighborsRegressor(algorithm="ball_tree", metric="manhattan").fit(X, NUMBERS),
        "local-outlier-factor": neighbors.LocalOutlierFactor(novelty=True).fit(X),
        "kernel-density": neighbors.KernelDensity().fit(X),
        "k-means": cluster.KMeans(n_clusters=2, random_state=0).fit(X),
        "mini-batch-k-means": cluster.MiniBatchKMeans(n_clusters=2, random_state=0).fit(X),
        "dbscan": cluster.DBSCAN().fit(X),
        "birch": cluster.Birch(n_clusters=2).fit(X),
        "mlp": neural_network.MLPClassifier((3,), max_iter=5, random_state=0).fit(X, CLASSES),
        "gaussian-nb": naive_bayes.GaussianNB().fit(X, CLASSES),
        "isotonic": isotonic.IsotonicRegression(out_of_bounds="clip").fit(X[:, 0], NUMBERS),
        "calibrated": calibration.CalibratedClassifierCV(naive_bayes.GaussianNB(), cv=2).fit(X, CLASSES),
        "one-vs-rest": multiclass.OneVsRestClassifier(linear_model.LogisticRegression()).fit(X, CLASSES),
        "pca": decomposition.PCA(n_components=2).fit(X),
        "truncated-svd": decomposition.TruncatedSVD(n_components=2).fit(X),
        "nmf": decomposition.NMF(n_components=2, init="random", max_iter=5).fit(X),
        "select-k-best": feature_selection.SelectKBest(feature_selection.f_classif, k=2).fit(X, CLASSES),
        "function-transformer": preprocessing.FunctionTransformer(np.log1p).fit(X),
        "partial-transformer": preprocessing.FunctionTransformer(functools.partial(np.clip, a_min=0, a_max=1)).fit(X),
        "scaler": preprocessing.StandardScaler().fit(X),
        "quantiles": preprocessing.QuantileTransformer(n_quantiles=5).fit(X),
        "power": preprocessing.PowerTransformer().fit(X),
        "one-hot": preprocessing.OneHotEncoder(handle_unknown="ignore").fit(np.array(TEXTS).reshape(-1, 1)),
        "label-encoder": preprocessing.LabelEncoder().fit(TEXTS),
        "tf-idf": feature_extraction.text.TfidfVectorizer().fit(TEXTS),
        "count-vectorizer": feature_extraction.text.CountVectorizer(ngram_range=(1, 2)).fit(TEXTS),
        "dict-vectorizer": feature_extraction.DictVectorizer().fit([{"a": 1.0}, {"b": 2.0}]),
        "grid-search": model_selection.GridSearchCV(
            linear_model.LogisticRegression(), {"C": [0.1, 1.0]}, cv=2, scoring=metrics.make_scorer(metrics.f1_score)
        ).fit(X, CLASSES),
        "randomized-search": _randomized(),
        "pipeline": pipeline.make_pipeline(
            preprocessing.StandardScaler(), decomposition.PCA(n_components=2), svm.SVC()
        ).fit(X, CLASSES),
        "column-transformer": compose.ColumnTransformer(
            [("a", preprocessing.MinMaxScaler(), [0, 1]), ("b", preprocessing.KBinsDiscretizer(n_bins=2), [2])],
            remainder="passthrough",
        ).fit(X),
        "feature-union": pipeline.FeatureUnion(
            [("a", decomposition.PCA(n_components=1)), ("b", preprocessing.StandardScaler())]
        ).fit(X),
        "text-pipeline": pipeline.make_pipeline(
            feature_extraction.text.TfidfVectorizer(), linear_model.SGDClassifier(random_state=0)
        ).fit(TEXTS, CLASSES),
    }
    if hasattr(ensemble, "HistGradientBoostingClassifier"):
        made["hist-gradient-boosting"] = ensemble.HistGradientBoostingClassifier(max_iter=2).fit(X, CLASSES)
        made["hist-gradient-boosting-regression"] = ensemble.HistGradientBoostingRegressor(max_iter=2).fit(X, NUMBERS)
    if hasattr(ensemble, "StackingRegressor"):
        made["stacking"] = ensemble.StackingRegressor([("a", linear_model.Ridge())], cv=2).fit(X, NUMBERS)
    return made


def _randomized():
    from scipy import stats

    return model_selection.RandomizedSearchCV(
        linear_model.Ridge(), {"alpha": stats.uniform(0.1, 1)}, n_iter=2, cv=2, random_state=0
    ).fit(X, NUMBERS)


def every():
    """Return every estimator there is, fitted where that is easy and as made where not."""
    found = {}
    for name, kind in all_estimators():
        for made in (lambda kind=kind: kind(), lambda kind=kind: kind(linear_model.LogisticRegression()),
                     lambda kind=kind: kind(linear_model.Ridge()), lambda kind=kind: kind([("a", linear_model.Ridge())])):  # fmt: skip
            try:
                estimator = made()
            except Exception:  # whatever an estimator thinks of its arguments
                continue
            for data in (
                (X, CLASSES),
                (X, NUMBERS),
                (X,),
                (TEXTS,),
                (X[:, 0], NUMBERS),
                ([{"a": 1}],),
                (X > 0.5, X > 0.5),
                (X, X),
            ):
                try:
                    estimator.fit(*data)
                    break
                except Exception:
                    continue
            found[name] = estimator
            break
    return found


def main():
    """Write them: every fourth with another protocol, and some with joblib."""
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1]) / "sklearn-{}".format(sklearn.__version__)
    folder.mkdir(parents=True, exist_ok=True)
    chosen = every() if "--all" in sys.argv else models()
    for place, (name, model) in enumerate(sorted(chosen.items())):
        try:
            if place % 3 == 2:
                joblib.dump(
                    model,
                    folder / (name + ".joblib"),
                    compress=[0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)][place // 3 % 6],
                )
            else:
                protocol = [2, 3, 4, 5, 0, 1][place % 6]
                (folder / (name + ".pkl")).write_bytes(pickle.dumps(model, min(protocol, pickle.HIGHEST_PROTOCOL)))
        except Exception as fault:
            print(name, "cannot be pickled:", fault)


if __name__ == "__main__":
    main()
