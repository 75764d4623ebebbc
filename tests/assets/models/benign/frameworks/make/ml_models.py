"""Write models of what is used beside scikit-learn. Run by hand: `python ml_models.py FOLDER`.

The committed files are of XGBoost 0.90 to 3.2.0, LightGBM 2.3.1 to 4.7.0, CatBoost 1.2.10, statsmodels 0.14.0 and 0.15.0,
imbalanced-learn, category_encoders 2.11.2, lifelines 0.30.3, umap-learn 0.5.12, hdbscan 0.8.44, pmdarima 2.1.1, Prophet
1.5.0, gensim 3.8.3 (two of them) and 4.4.0, NLTK 3.10.4, Keras 3.15.1, NetworkX, Optuna, PyOD, mlxtend, NGBoost and scikit-optimize: whatever of these the environment has.
"""

import importlib
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np

RANDOM = np.random.RandomState(0)
X = RANDOM.rand(40, 3)
CLASSES = np.arange(40) % 2
NUMBERS = X @ np.array([1.0, 2.0, -1.0]) + RANDOM.rand(40) / 10


def xgboost():
    import xgboost as xgb

    booster = xgb.train({"max_depth": 2}, xgb.DMatrix(X, NUMBERS), 2)
    return {
        "booster": booster,
        "classifier": xgb.XGBClassifier(n_estimators=2, max_depth=2).fit(X, CLASSES),
        "regressor": xgb.XGBRegressor(n_estimators=2, max_depth=2).fit(X, NUMBERS),
        "ranker": xgb.XGBRanker(n_estimators=2).fit(X, CLASSES, group=[20, 20]),
        "forest": xgb.XGBRFClassifier(n_estimators=2).fit(X, CLASSES),
    }


def lightgbm():
    import lightgbm as lgb

    options = {"verbose": -1, "min_data_in_leaf": 2, "num_leaves": 3}
    return {
        "booster": lgb.train(options, lgb.Dataset(X, NUMBERS), 2),
        "classifier": lgb.LGBMClassifier(n_estimators=2, **options).fit(X, CLASSES),
        "regressor": lgb.LGBMRegressor(n_estimators=2, **options).fit(X, NUMBERS),
    }


def catboost():
    import catboost as cat

    options = {"iterations": 2, "depth": 2, "verbose": False, "allow_writing_files": False}
    return {
        "classifier": cat.CatBoostClassifier(**options).fit(X, CLASSES),
        "regressor": cat.CatBoostRegressor(**options).fit(X, NUMBERS),
        "model": cat.CatBoost(options).fit(X, NUMBERS),
    }


def statsmodels():
    import pandas as pd
    import statsmodels.api as sm
    import statsmodels.formula.api as smf
    from statsmodels.tsa.api import ARIMA, SARIMAX, ExponentialSmoothing

    frame = pd.DataFrame(X, columns=list("abc")).assign(y=NUMBERS, k=CLASSES)
    series = pd.Series(np.arange(30.0) + RANDOM.rand(30), index=pd.date_range("2026-01-01", periods=30))
    return {
        "ols": sm.OLS(NUMBERS, sm.add_constant(X)).fit(),
        "formula": smf.ols("y ~ a + b", frame).fit(),
        "formula-of-calls": smf.ols("np.log1p(y) ~ C(k) * bs(a, df=4) + I(b ** 2) + center(c)", frame).fit(),
        "glm": sm.GLM(CLASSES, sm.add_constant(X), family=sm.families.Binomial()).fit(),
        "logit": sm.Logit(CLASSES, sm.add_constant(X[:, :1])).fit(disp=0),
        "arima": ARIMA(series, order=(1, 0, 0)).fit(),
        "sarimax": SARIMAX(series.values, order=(1, 0, 0)).fit(disp=0),
        "smoothing": ExponentialSmoothing(series, trend="add").fit(),
        "quantile": smf.quantreg("y ~ a", frame).fit(q=0.5),
        "mixed": smf.mixedlm("y ~ a", frame, groups=frame["k"]).fit(),
        "robust": sm.RLM(NUMBERS, X).fit(),
    }


def imblearn():
    from imblearn import ensemble, over_sampling, pipeline, under_sampling
    from sklearn.linear_model import LogisticRegression

    return {
        "smote": over_sampling.SMOTE(random_state=0),
        "pipeline": pipeline.make_pipeline(under_sampling.RandomUnderSampler(random_state=0), LogisticRegression()).fit(
            X, CLASSES
        ),
        "forest": ensemble.BalancedRandomForestClassifier(
            n_estimators=2, random_state=0, sampling_strategy="all", replacement=True
        ).fit(X, CLASSES),
    }


def category_encoders():
    import category_encoders as ce
    import pandas as pd

    frame = pd.DataFrame({"k": list("abcd") * 10})
    names = (
        "OneHotEncoder",
        "OrdinalEncoder",
        "TargetEncoder",
        "BinaryEncoder",
        "HashingEncoder",
        "CatBoostEncoder",
        "WOEEncoder",
    )
    return {name: getattr(ce, name)(cols=["k"]).fit(frame, CLASSES) for name in names if name != "HashingEncoder"}


def lifelines():
    import lifelines as life
    import pandas as pd

    frame = pd.DataFrame({"t": 1 + X[:, 0] * 10, "e": CLASSES, "a": X[:, 1]})
    return {
        "kaplan-meier": life.KaplanMeierFitter().fit(frame["t"], frame["e"]),
        "cox": life.CoxPHFitter().fit(frame, "t", "e"),
        "weibull": life.WeibullAFTFitter().fit(frame, "t", "e"),
        "nelson-aalen": life.NelsonAalenFitter().fit(frame["t"], frame["e"]),
    }


def umap():
    import umap

    return {"umap": umap.UMAP(n_neighbors=4, n_epochs=5, random_state=0).fit(X)}


def hdbscan():
    import hdbscan

    return {"hdbscan": hdbscan.HDBSCAN(min_cluster_size=3, prediction_data=True).fit(X)}


def pmdarima():
    import pmdarima

    return {"arima": pmdarima.ARIMA(order=(1, 0, 0)).fit(np.arange(30.0) + RANDOM.rand(30))}


def prophet():
    import pandas as pd
    from prophet import Prophet

    frame = pd.DataFrame({"ds": pd.date_range("2026-01-01", periods=30), "y": np.arange(30.0)})
    return {"unfitted": Prophet(), "fitted": Prophet(uncertainty_samples=0).fit(frame)}


def gensim():
    from gensim import corpora, models

    texts = [["red", "apple"], ["green", "pear"]] * 5
    words = corpora.Dictionary(texts)
    corpus = [words.doc2bow(text) for text in texts]
    vectors = models.Word2Vec(texts, vector_size=4, min_count=1)
    return {
        "word2vec": vectors,
        "vectors": vectors.wv,
        "dictionary": words,
        "tf-idf": models.TfidfModel(corpus),
        "lda": models.LdaModel(corpus, 2, words),
        "fasttext": models.FastText(texts, vector_size=4, min_count=1, bucket=10),
        "doc2vec": models.Doc2Vec(
            [models.doc2vec.TaggedDocument(text, [0]) for text in texts], vector_size=4, min_count=1
        ),
    }


def nltk():
    import nltk

    features = [({"a": 1}, "x"), ({"a": 2}, "y")]
    return {
        "naive-bayes": nltk.NaiveBayesClassifier.train(features),
        "stemmer": nltk.stem.PorterStemmer(),
        "snowball": nltk.stem.SnowballStemmer("english"),
        "tagger": nltk.UnigramTagger([[("a", "DT"), ("dog", "NN")]]),
        "frequencies": nltk.FreqDist("abracadabra"),
        "tree": nltk.Tree("S", ["a", "b"]),
    }


def skl2onnx():
    import skl2onnx
    from sklearn.linear_model import LogisticRegression

    return {"logistic": skl2onnx.to_onnx(LogisticRegression().fit(X, CLASSES), X[:1].astype(np.float32))}


def keras():
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="relu"), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return {"model": model, "history": {"loss": [1.0]}, "config": model.get_config()}


def tensorflow():
    import tensorflow as tf

    return {
        "tensor": tf.constant([1.0, 2.0]),
        "shape": tf.TensorShape([1, None]),
        "dtype": tf.float32,
        "weights": [np.eye(2, dtype="f4")],
    }


def polars():
    import polars as pl

    return {"frame": pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}), "series": pl.Series([1.0])}


def networkx():
    import networkx as nx

    return {"graph": nx.karate_club_graph(), "directed": nx.DiGraph([("a", "b")])}


def optuna():
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    return {"study": study}


def pyod():
    from pyod.models.iforest import IForest
    from pyod.models.knn import KNN

    return {"neighbours": KNN().fit(X), "forest": IForest(n_estimators=2).fit(X)}


def mlxtend():
    from mlxtend.classifier import StackingClassifier
    from sklearn.linear_model import LogisticRegression

    return {"stacking": StackingClassifier([LogisticRegression()], LogisticRegression()).fit(X, CLASSES)}


def ngboost():
    from ngboost import NGBRegressor

    return {"regressor": NGBRegressor(n_estimators=2, verbose=False).fit(X, NUMBERS)}


def skopt():
    from sklearn.svm import SVC
    from skopt import BayesSearchCV

    return {"search": BayesSearchCV(SVC(), {"C": (0.1, 1.0)}, n_iter=1, cv=2, random_state=0).fit(X, CLASSES)}


FAMILIES = (xgboost, lightgbm, catboost, statsmodels, imblearn, category_encoders, lifelines, umap, hdbscan, pmdarima, prophet,
            gensim, nltk, skl2onnx, keras, tensorflow, polars, networkx, optuna, pyod, mlxtend, ngboost, skopt)  # fmt: skip


def main():
    """Write each family that is installed; what fails is named."""
    warnings.simplefilter("ignore")
    for family in FAMILIES:
        name = family.__name__
        try:
            package = importlib.import_module(name)
            version = getattr(package, "__version__", "0")
            made = family()
        except ModuleNotFoundError as fault:
            print(name, "is not here:", fault)
            continue
        except Exception as fault:
            print(name, "failed:", repr(fault)[:300])
            continue
        folder = Path(sys.argv[1]) / "{}-{}".format(name, version)
        folder.mkdir(parents=True, exist_ok=True)
        for place, (title, model) in enumerate(sorted(made.items())):
            try:
                (folder / (title + ".pkl")).write_bytes(
                    pickle.dumps(model, min([4, 2, 5, 3, 0][place % 5], pickle.HIGHEST_PROTOCOL))
                )
            except Exception as fault:
                print(name, title, "cannot be pickled:", repr(fault)[:200])


if __name__ == "__main__":
    main()
