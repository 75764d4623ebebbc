"""Write small models of every kind with Keras itself: what a scan must leave alone.

KERAS_BACKEND=jax python tests/assets/models/make_keras_models.py FOLDER   # keras==3.15.1, jax==0.10.2, h5py==3.16.0
python tests/assets/models/make_keras_models.py FOLDER                     # tensorflow-cpu==2.15.1, h5py==3.16.0
"""

import inspect
import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

L: Any = keras.layers
VERSION = keras.__version__.split(".")[0]
# What a layer cannot be made without, by the name of the argument.
ARGUMENTS: dict[str, Any] = {
    "activation": "relu", "augmentations": [], "axes": 1, "bin_boundaries": [1.0, 2.0], "bounding_box_format": "xyxy",
    "crossings": 1, "dims": (2, 1), "equation": "...a,ab->...b", "factor": 0.2, "filters": 2, "groups": 1,
    "head_dim": 4, "height": 4, "height_factor": 0.1, "input_dim": 4, "kernel_size": 1, "key_dim": 2, "n": 2,
    "num_bins": 4, "num_heads": 2, "num_key_value_heads": 1, "num_query_heads": 2, "num_tokens": 5, "output_dim": 3,
    "output_shape": 3, "pool_size": 2, "rate": 0.1, "scale": 0.5, "seed": 1, "stddev": 0.1, "target_height": 4,
    "target_shape": (-1,), "units": 2, "upper": 1.0, "width": 4,
}  # fmt: skip


def models() -> dict[str, Any]:
    return {"dense": dense(), "image": image(), "sequence": sequence(), "nested": nested(), **preprocessing()}


def dense() -> Any:
    entry = L.Input((16,))
    x = L.Dense(
        8, activation="relu", kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2), kernel_constraint="max_norm"
    )(entry)
    x = L.PReLU()(L.LeakyReLU()(L.Dropout(0.1)(L.BatchNormalization()(x))))
    x = x * 2 + 1
    x = L.Concatenate()([x, x[:, :3]])
    return keras.Model(entry, L.Dense(1)(x))


def image() -> Any:
    entry = L.Input((32, 32, 3))
    x = L.RandomRotation(0.1)(L.RandomFlip()(L.Rescaling(1 / 255.0)(entry)))
    x = L.DepthwiseConv2D(3)(L.SeparableConv2D(4, 3)(L.Conv2D(4, 3, padding="same")(x)))
    x = L.UpSampling2D()(L.Conv2DTranspose(3, 3)(L.MaxPooling2D()(x)))
    x = L.LayerNormalization()(L.Cropping2D()(L.ZeroPadding2D()(x)))
    return keras.Model(entry, L.Dense(2, "softmax", dtype="float32")(L.GlobalAveragePooling2D()(x)))


def sequence() -> Any:
    entry = L.Input((10,))
    x = L.Bidirectional(L.LSTM(4, return_sequences=True))(L.Embedding(50, 8, mask_zero=True)(entry))
    x = L.TimeDistributed(L.Dense(4))(x)
    x = L.MultiHeadAttention(2, 2)(x, x)
    x = L.RNN([L.GRUCell(3), L.LSTMCell(3)], return_sequences=True)(x)
    return keras.Model(entry, L.Dense(1, "sigmoid")(L.GRU(3)(L.Conv1D(3, 2)(x))))


def nested() -> Any:
    inner = keras.Sequential([L.Input((4,)), L.Dense(3), L.Activation("gelu")])
    return keras.Sequential(
        [L.Input((4,)), inner, L.Reshape((3, 1)), L.Permute((2, 1)), L.Flatten(), L.GaussianNoise(0.1)]
    )


def preprocessing() -> dict[str, Any]:
    scale = L.Normalization()
    scale.adapt(np.random.default_rng(1).random((5, 3)))
    found = {"normalization": keras.Sequential([L.Input((3,)), scale, L.Dense(1)])}
    if VERSION == "2":
        entry = L.Input((1,), dtype="string")
        words = L.StringLookup(vocabulary=["a", "b"])(entry)
        found["lookup"] = keras.Model(entry, L.CategoryEncoding(4, "multi_hot")(words))
        texts = L.TextVectorization(max_tokens=10, output_sequence_length=4)
        texts.adapt(["a b c", "d e"])
        found["text"] = keras.Model(entry, L.Embedding(10, 3)(texts(entry)))
    else:
        entry = L.Input((4,))
        x = keras.ops.nn.softmax(keras.ops.mean(keras.ops.expand_dims(keras.ops.relu(entry), -1), -1))
        found["operations"] = keras.Model(entry, x)
        found["named-lambda"] = keras.Sequential([L.Input((3,)), L.Lambda(keras.ops.relu)])
        small = keras.Sequential([L.Input((4,)), L.Dense(3)])
        small.quantize("int8")
        found["quantized"] = small
    return found


def objects() -> dict[str, Any]:
    """Return the configuration of every layer, loss, metric, optimizer and so on that can be made by itself."""
    found = {}
    for space in (
        "layers",
        "losses",
        "metrics",
        "optimizers",
        "initializers",
        "regularizers",
        "constraints",
        "activations",
    ):
        for name, value in vars(getattr(keras, space)).items():
            if name.startswith("__") or name in {
                "get",
                "serialize",
                "deserialize",
                "Input",
                "TFSMLayer",
                "TorchModuleWrapper",
                "JaxLayer",
                "FlaxLayer",
            }:
                continue
            try:
                made = value if inspect.isfunction(value) else value(**needed(value))
                found[f"{space}.{name}"] = json.loads(json.dumps(keras.saving.serialize_keras_object(made)))
            except Exception as error:  # noqa: BLE001 -- a base class, or an argument that is not in the list above
                sys.stderr.write(f"left out: {space}.{name} {error!r:.80}\n")
    return found


def needed(kind: Any) -> dict[str, Any]:
    special = {"layer": L.LSTM(2), "cell": L.GRUCell(2), "cells": [L.GRUCell(2)], "layers": [L.Dense(2)]}
    listed = inspect.signature(kind.__init__).parameters.values() if inspect.isclass(kind) else ()
    return {
        item.name: {**ARGUMENTS, **special}[item.name]
        for item in list(listed)[1:]
        if item.default is item.empty and item.kind is item.POSITIONAL_OR_KEYWORD
    }


def main(folder: Path) -> None:
    for name, model in models().items():
        if name in {"dense", "sequence", "nested"}:
            rate = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
            model.compile(
                keras.optimizers.Adam(rate), keras.losses.MeanSquaredError(), ["mae", keras.metrics.MeanSquaredError()]
            )
        for ending in (".keras", ".h5") if name != "text" else (".keras",):  # HDF5 cannot hold its table
            model.save(folder / f"{name}-{VERSION}{ending}")
    dense().save_weights(folder / f"weights-{VERSION}.weights.h5")
    lines = dict.fromkeys(json.dumps(item, separators=(",", ":")) + "\n" for item in objects().values())
    (folder / f"objects-{VERSION}.jsonl").write_text("".join(lines))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
