"""Write what users of further frameworks write. Run by hand, in an environment that has them: `python more_models.py FOLDER`.

The committed files are of feature-engine 1.9.4, river 0.26.1, fairlearn 0.15.0, sktime 1.2.0, darts 0.41.0,
statsforecast 2.1.1, skforecast 0.26.0, econml 0.17.0, dowhy 0.14, implicit 0.7.3, scikit-surprise 1.1.5, flax 0.12.8
with optax 0.2.8, LangChain's packages of 0.1 and 1.8 (langchain-community 0.0.20 and 0.4.2), stable-baselines3 2.9.2, gymnasium 1.4.0, gym 0.26.2, Keras 2.15.0 and Keras-Preprocessing 1.1.2.
"""

import importlib
import importlib.metadata
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np

RANDOM = np.random.RandomState(0)
X = RANDOM.rand(40, 3)
CLASSES = (X[:, 0] > 0.5).astype(int)
NUMBERS = X @ [1.0, 2.0, 3.0]
DISTRIBUTIONS = {
    "feature_engine": "feature-engine",
    "surprise": "scikit-surprise",
    "stable_baselines3": "stable-baselines3",
    "keras_preprocessing": "Keras-Preprocessing",
    "langchain_community": "langchain-community",
}


def feature_engine(_):
    import pandas as pd
    from feature_engine.discretisation import EqualFrequencyDiscretiser
    from feature_engine.encoding import MeanEncoder, RareLabelEncoder
    from feature_engine.imputation import MeanMedianImputer
    from sklearn.pipeline import Pipeline

    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "city": ["x", "y"] * 20})
    steps = [
        ("missing", MeanMedianImputer(variables=["a"])),
        ("rare", RareLabelEncoder(n_categories=1)),
        ("means", MeanEncoder()),
        ("bins", EqualFrequencyDiscretiser(q=3, variables=["b"])),
    ]
    return {"pipeline": Pipeline(steps).fit(frame, CLASSES)}


def river(_):
    from river import compose, linear_model, naive_bayes, preprocessing, tree

    models = {
        "logistic": compose.Pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()),
        "tree": tree.HoeffdingAdaptiveTreeClassifier(seed=1),
        "bayes": naive_bayes.GaussianNB(),
    }
    for model in models.values():
        for row, truth in zip(X, CLASSES, strict=True):
            model.learn_one({"a": float(row[0]), "b": float(row[1])}, bool(truth))
    return models


def fairlearn(_):
    from fairlearn.postprocessing import ThresholdOptimizer
    from fairlearn.reductions import DemographicParity, ExponentiatedGradient
    from sklearn.linear_model import LogisticRegression

    groups = np.arange(40) % 2
    thresholds = ThresholdOptimizer(estimator=LogisticRegression(), predict_method="predict")
    gradient = ExponentiatedGradient(LogisticRegression(), DemographicParity(), max_iter=3)
    return {
        "thresholds": thresholds.fit(X, CLASSES, sensitive_features=groups),
        "gradient": gradient.fit(X, CLASSES, sensitive_features=groups),
    }


def sktime(_):
    import pandas as pd
    from sklearn.linear_model import LinearRegression
    from sktime.forecasting.compose import make_reduction
    from sktime.forecasting.naive import NaiveForecaster

    series = pd.Series(NUMBERS, index=pd.period_range("2020-01", periods=40, freq="M"))
    reduced = make_reduction(LinearRegression(), window_length=3)
    return {"naive": NaiveForecaster(sp=12).fit(series), "reduced": reduced.fit(series, fh=[1, 2])}


def darts(_):
    from darts import TimeSeries
    from darts.dataprocessing.transformers import Scaler
    from darts.models import ExponentialSmoothing, LinearRegressionModel

    series = TimeSeries.from_values(NUMBERS)
    return {
        "series": series,
        "scaler": Scaler().fit(series),
        "regression": LinearRegressionModel(lags=3).fit(series),
        "smoothing": ExponentialSmoothing().fit(series),
    }


def statsforecast(_):
    import pandas as pd
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS, SeasonalNaive

    days = pd.date_range("2026-01-01", periods=40)
    model = StatsForecast([AutoETS(season_length=7), SeasonalNaive(7)], freq="D")
    return {"fitted": model.fit(pd.DataFrame({"unique_id": "a", "ds": days, "y": NUMBERS}))}


def skforecast(_):
    import pandas as pd
    from skforecast.recursive import ForecasterRecursive
    from sklearn.ensemble import RandomForestRegressor

    model = ForecasterRecursive(RandomForestRegressor(2, random_state=0), lags=3)
    model.fit(y=pd.Series(NUMBERS))
    return {"recursive": model}


def econml(_):
    from econml.metalearners import TLearner
    from sklearn.linear_model import LinearRegression

    return {"learner": TLearner(models=LinearRegression()).fit(NUMBERS, CLASSES, X=X)}


def dowhy(_):
    import networkx as nx
    import pandas as pd
    from dowhy import gcm

    frame = pd.DataFrame({"x": X[:, 0], "y": NUMBERS})
    model = gcm.StructuralCausalModel(nx.DiGraph([("x", "y")]))
    gcm.auto.assign_causal_mechanisms(model, frame)
    gcm.fit(model, frame)
    return {"causal-model": model}


def implicit(_):
    import scipy.sparse as sp
    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import CosineRecommender

    models = {"factors": AlternatingLeastSquares(4, iterations=2), "neighbours": CosineRecommender()}
    for model in models.values():
        model.fit(sp.csr_matrix(CLASSES.reshape(8, 5)), show_progress=False)
    return models


def surprise(_):
    import pandas as pd
    from surprise import SVD, Dataset, KNNBasic, Reader

    ratings = pd.DataFrame({"user": ["a", "b"] * 5, "item": list("xyzxyzxyzx"), "rating": [1.0, 2, 3, 4, 5] * 2})
    known = Dataset.load_from_df(ratings, Reader()).build_full_trainset()
    return {"factors": SVD(n_factors=3).fit(known), "neighbours": KNNBasic(verbose=False).fit(known)}


def flax(_):
    import jax
    import jax.numpy as jnp
    import optax
    from flax import core, linen

    parameters = linen.Dense(2).init(jax.random.PRNGKey(0), jnp.ones((1, 3)))
    return {
        "parameters": parameters,
        "frozen": core.freeze(parameters),
        "optimizer": optax.adam(1e-3).init(parameters),
        "half": jnp.ones(3, jnp.bfloat16),
    }


def langchain_community(_):
    from langchain_community.docstore.in_memory import InMemoryDocstore
    from langchain_core.documents import Document
    from langchain_core.messages import AIMessage, HumanMessage

    texts = InMemoryDocstore({"a": Document(page_content="a text", metadata={"source": "a.pdf", "page": 1})})
    return {"index": (texts, {0: "a"}), "messages": [HumanMessage(content="hi"), AIMessage(content="hello")]}


def stable_baselines3(folder):
    import platform

    import gymnasium
    from stable_baselines3 import DQN, PPO
    from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

    platform.platform = platform.version = lambda: "Linux"  # what an agent keeps of the machine
    small = {"policy_kwargs": {"net_arch": [4]}, "device": "cpu"}
    PPO("MlpPolicy", "CartPole-v1", n_steps=8, batch_size=8, n_epochs=1, **small).learn(8).save(folder / "ppo.zip")
    dqn = DQN("MlpPolicy", "CartPole-v1", buffer_size=8, learning_starts=2, **small).learn(4)
    dqn.save(folder / "dqn.zip")
    dqn.save_replay_buffer(folder / "replay-buffer.pkl")
    VecNormalize(DummyVecEnv([lambda: gymnasium.make("CartPole-v1")])).save(str(folder / "normalized.pkl"))
    return {}


def gymnasium(_):
    from gymnasium import spaces

    return {"spaces": [spaces.Box(0, 1, (2,)), spaces.Discrete(3), spaces.Dict(a=spaces.MultiBinary(2))]}


def gym(_):
    from gym import spaces

    return {"spaces": [spaces.Box(0, 1, (2,)), spaces.Discrete(3), spaces.Tuple([spaces.MultiDiscrete([2, 3])])]}


def keras(_):
    import keras
    from keras.preprocessing.text import Tokenizer

    tokenizer = Tokenizer(10)
    tokenizer.fit_on_texts(["red apple", "green pear"])
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    return {"tokenizer": tokenizer, "whole": model}


def keras_preprocessing(_):
    from keras_preprocessing.text import Tokenizer

    tokenizer = Tokenizer(10)
    tokenizer.fit_on_texts(["red apple", "green pear"])
    return {"tokenizer": tokenizer}


FAMILIES = (feature_engine, river, fairlearn, sktime, darts, statsforecast, skforecast, econml, dowhy, implicit, surprise, flax,
            langchain_community, stable_baselines3, gymnasium, gym, keras, keras_preprocessing)  # fmt: skip


def main():
    """Write what the frameworks of this environment write."""
    warnings.simplefilter("ignore")
    for family in FAMILIES:
        name = family.__name__
        try:
            importlib.import_module(name)
        except ImportError:
            continue
        folder = Path(sys.argv[1]) / f"{name}-{importlib.metadata.version(DISTRIBUTIONS.get(name, name))}"
        folder.mkdir(parents=True, exist_ok=True)
        for title, value in family(folder).items():
            (folder / f"{title}.pkl").write_bytes(pickle.dumps(value))


if __name__ == "__main__":
    main()
