"""List what Keras itself writes into models' configurations: classes, functions, and the operations of TensorFlow.

Run it once in an environment with keras==3.15.1 and jax, and once in one with tensorflow-cpu==2.15.1 (keras 2.15.0);
each run adds its names to the file that is given:

    python tests/assets/models/make_keras_names.py scripts/modelseal/models/keras/names.json

What is listed was reviewed: what reads or writes files, fetches, loads libraries or calls Python is left out below.
"""

import importlib
import inspect
import json
import pkgutil
import sys
import types
from pathlib import Path
from typing import Any

# The namespaces whose functions are only mathematics. Everything else of the public interface (`keras.utils`,
# `keras.saving`, `keras.models`, `keras.config`, ...) has functions that read, write, fetch or switch things off.
FUNCTIONS_OF = (
    "activations",
    "initializers",
    "losses",
    "metrics",
    "ops",
    "ops.image",
    "ops.linalg",
    "ops.nn",
    "ops.numpy",
    "regularizers",
)
CLASSES_NOT_OF = (
    "callbacks",
    "export",
    "saving",
    "wrappers",
    "datasets",
    "applications",
    "backend",
    "preprocessing",
    "tests",
    "test_util",
)
OPERATIONS_OF = (
    "",
    "__operators__.",
    "bitwise.",
    "dtypes.",
    "image.",
    "linalg.",
    "math.",
    "nn.",
    "quantization.",
    "ragged.",
    "random.",
    "sets.",
    "signal.",
    "sparse.",
    "strings.",
    "keras.activations.",
    "keras.backend.",
    "keras.losses.",
    "keras.metrics.",
)
# They take paths, load libraries, call Python or change the process.
NEVER = (
    "Assert", "clear_session", "function", "get_logger", "get_static_value", "import_graph_def", "init_scope",
    "load_library", "load_op_library", "numpy_function", "print", "py_function", "custom_gradient", "get_session",
    "grad_pass_through", "set_floatx", "set_epsilon", "set_image_data_format", "set_learning_phase", "set_value",
    "batch_set_value", "print_tensor", "make_ndarray", "make_tensor_proto", "switch_case", "no_gradient",
    "eval", "deserialize", "serialize", "get", "batch_get_value", "get_value",
    "get_global_generator", "set_global_generator", "set_seed", "create_file_writer", "name_scope", "device",
)  # fmt: skip

# Packages that are installed where models are loaded. A configuration that names one of them, or a module of the
# standard library, reaches for code that is not Keras's; with any other name it is the user's own.
FOREIGN = (
    "IPython", "PIL", "absl", "aiohttp", "asyncore", "asynchat", "boto3", "botocore", "cloudpickle", "cv2",
    "cffi", "dask", "dateutil", "dill", "distutils", "django", "docker", "fabric", "fastapi", "flask", "fsspec", "git",
    "google", "gradio", "h5py", "huggingface_hub", "httpx", "imp", "invoke", "jax", "jaxlib", "jinja2", "joblib",
    "jsonpickle", "jupyter", "keras_tuner", "lightgbm", "lxml", "marshmallow", "matplotlib", "mlflow", "mpmath",
    "networkx", "nltk", "notebook", "numba", "numexpr", "numpy", "onnx", "onnxruntime", "pandas", "paramiko", "pexpect",
    "pip", "pkg_resources", "plumbum", "psutil", "ptyprocess", "pyarrow", "pydoc", "pytest", "ray", "requests", "scipy",
    "setuptools", "sh", "six", "sklearn", "skops", "smbd", "spacy", "sqlalchemy", "sympy", "tables", "tensorboard",
    "tensorflow", "tensorflow_datasets", "tensorflow_hub", "torch", "torchvision", "tornado", "tqdm", "transformers",
    "urllib3", "wheel", "xgboost", "yaml",
)  # fmt: skip


def keras_module() -> types.ModuleType:
    return importlib.import_module("keras")


def serialisable(value: object) -> bool:
    return inspect.isclass(value) and hasattr(value, "get_config") and hasattr(value, "from_config")


def public_modules(keras: types.ModuleType) -> dict[str, types.ModuleType]:
    found = {"keras": keras}
    waiting = [("keras", keras)]
    while waiting:
        name, module = waiting.pop()
        for child, value in vars(module).items():
            path = f"{name}.{child}"
            own = isinstance(value, types.ModuleType) and value.__name__.startswith("keras")
            if own and not child.startswith("_") and child not in {"src", "api"} and path not in found:
                found[path] = value
                waiting.append((path, value))
    return found


def classes(keras: types.ModuleType) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path, module in public_modules(keras).items():
        if any(part in CLASSES_NOT_OF for part in path.split(".")):
            continue
        for name, value in vars(module).items():
            if serialisable(value):
                found.setdefault(path, set()).add(name)
    for info in pkgutil.walk_packages(keras.src.__path__, "keras.src."):
        if any(
            part in CLASSES_NOT_OF or part.endswith(("_test", "test_utils", "testing")) for part in info.name.split(".")
        ):
            continue
        try:
            module = importlib.import_module(info.name)
        except Exception as error:  # noqa: BLE001 -- modules for other backends
            sys.stderr.write(f"left out: {info.name} {type(error).__name__}\n")
            continue
        for name, value in vars(module).items():
            if serialisable(value) and value.__module__ == info.name:
                found.setdefault(info.name, set()).add(name)
    return found


def functions(keras: types.ModuleType) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path, module in public_modules(keras).items():
        if path.removeprefix("keras.") not in FUNCTIONS_OF:
            continue
        for name, value in vars(module).items():
            plain = inspect.isfunction(value) and name not in {"get", "serialize", "deserialize"}
            if plain and not name.startswith("_") and name not in NEVER:
                found.setdefault(path, set()).add(name)
                found.setdefault("builtins", set()).add(name)
                found.setdefault(value.__module__, set()).add(name)
    return found


def operations() -> set[str]:
    tensorflow: Any = importlib.import_module("tensorflow")
    found: set[str] = set()
    for prefix in OPERATIONS_OF:
        if prefix == "__operators__.":
            names = [name for name in vars(tensorflow.__operators__) if not name.startswith("_")]
            found |= {prefix + name for name in names}
            continue
        module: Any = tensorflow
        for part in prefix.split(".")[:-1]:
            module = getattr(module, part)
        for name in dir(module):
            value = getattr(module, name)
            if callable(value) and not inspect.isclass(value) and not name.startswith("_") and name not in NEVER:
                found.add(prefix + name)
    return found


def main(path: Path) -> None:
    keras = keras_module()
    known = (
        json.loads(path.read_text())
        if path.exists()
        else {"classes": {}, "functions": {}, "operations": [], "foreign": []}
    )
    for kind, made in (("classes", classes(keras)), ("functions", functions(keras))):
        for module, names in made.items():
            paths = [module]
            if keras.__version__.startswith("2.") and module.startswith("keras.src."):
                paths += ["tf_" + module, "keras." + module.removeprefix("keras.src.")]
            for place in paths:
                known[kind][place] = sorted(set(known[kind].get(place, [])) | names)
    if keras.__version__.startswith("2."):
        known["operations"] = sorted(set(known["operations"]) | operations())
    known["foreign"] = sorted(
        {*known["foreign"], *(name for name in sys.stdlib_module_names if name[0] != "_"), *FOREIGN}
    )
    path.write_text(json.dumps(known, indent=0, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
