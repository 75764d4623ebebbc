"""What Keras itself writes into configurations, as `tests/assets/models/make_keras_names.py` has listed it."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

# Written by versions of Keras before the ones that were listed.
_EARLIER_CLASSES = frozenset(
    {
        "AtrousConvolution1D",
        "AtrousConvolution2D",
        "BatchNormalizationV1",
        "BatchNormalizationV2",
        "Convolution1D",
        "Convolution2D",
        "Convolution3D",
        "CuDNNGRU",
        "CuDNNLSTM",
        "Deconvolution2D",
        "DenseFeatures",
        "GRUV2",
        "Graph",
        "Highway",
        "LSTMV2",
        "ListWrapper",
        "MaxoutDense",
        "Merge",
        "PolicyV1",
        "SeparableConvolution2D",
        "ThresholdedReLU",
        "TimeDistributedDense",
        "Tokenizer",
    }
)
_NAMESPACES = frozenset(
    {
        "keras.activations",
        "keras.constraints",
        "keras.dtype_policies",
        "keras.initializers",
        "keras.layers",
        "keras.losses",
        "keras.metrics",
        "keras.ops",
        "keras.optimizers",
        "keras.quantizers",
        "keras.regularizers",
    }
)
_OPTIMIZERS = "Custom>"  # under which Keras 2.13 to 2.15 registers its own


@dataclass(frozen=True, slots=True)
class Names:
    """What is known, by module: classes and functions; operations of TensorFlow; packages that are not the user's."""

    classes: dict[str, frozenset[str]]
    functions: dict[str, frozenset[str]]
    operations: frozenset[str]
    foreign: frozenset[str]
    short: frozenset[str]

    def knows_class(self, module: str | None, name: str) -> bool:
        """Tell whether Keras writes a class; without a module, as the older format does."""
        if module is None:
            return name in self.short or name.removeprefix(_OPTIMIZERS) in self.classes["keras.optimizers"]
        return name in self.classes.get(module, frozenset())

    def knows_function(self, module: str, name: str) -> bool:
        """Tell whether Keras writes a function, and the function only computes."""
        return name in self.functions.get(module, frozenset())

    def foreign_to(self, module: str) -> bool:
        """Tell whether a module is of Python's library or of a package that many have installed."""
        return module.split(".", maxsplit=1)[0] in self.foreign


def modelling(module: str) -> bool:
    """Tell whether a public module of Keras has nothing but parts of models: a new name in it is merely not known."""
    return any(module == name or module.startswith(f"{name}.") for name in _NAMESPACES)


@functools.cache
def known() -> Names:
    """Return the list."""
    listed = json.loads(Path(__file__).with_name("names.json").read_text(encoding="utf-8"))
    classes = {module: frozenset(names) for module, names in listed["classes"].items()}
    return Names(
        classes=classes,
        functions={module: frozenset(names) for module, names in listed["functions"].items()},
        operations=frozenset(listed["operations"]),
        foreign=frozenset(listed["foreign"]),
        short=frozenset().union(_EARLIER_CLASSES, *classes.values()),
    )
