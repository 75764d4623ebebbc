"""Makes the files in benign/tensorflow: python make_tensorflow.py, with tensorflow-cpu==2.21.0 and keras==3.15.1."""

import shutil
import tempfile
from pathlib import Path

import keras
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

BENIGN = Path(__file__).parent / "benign" / "tensorflow"


class Table(tf.Module):
    """Looks words up in a vocabulary that is an asset of the model."""

    def __init__(self, vocabulary: Path) -> None:
        super().__init__()
        whole, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        words = tf.lookup.TextFileInitializer(str(vocabulary), tf.string, whole, tf.int64, number)
        self.weights = tf.Variable([1.0, 2.0])
        self.table = tf.lookup.StaticHashTable(words, -1)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def look_up(self, words: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the words' numbers, and two weights."""
        return self.table.lookup(words), self.weights * 2.0


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    (folder / "vocab.txt").write_text("a\nb\n")
    dense = keras.Sequential(
        [keras.layers.Input((4,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1)]
    )
    dense.export(folder / "dense")
    tf.saved_model.save(Table(folder / "vocab.txt"), folder / "table")
    concrete = tf.function(dense).get_concrete_function(tf.TensorSpec([1, 4]))
    frozen = convert_variables_to_constants_v2(concrete).graph.as_graph_def()
    lite = tf.lite.TFLiteConverter.from_keras_model(dense)
    flex = tf.lite.TFLiteConverter.from_concrete_functions(
        [tf.function(lambda x: tf.strings.to_number(tf.strings.as_string(x))).get_concrete_function(tf.TensorSpec([1]))]
    )
    flex.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    BENIGN.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / "dense" / "saved_model.pb", BENIGN / "dense.saved_model.pb")
    shutil.copy(folder / "dense" / "fingerprint.pb", BENIGN / "dense.fingerprint.pb")
    shutil.copy(folder / "dense" / "variables" / "variables.index", BENIGN / "dense.variables.index")
    shutil.copy(folder / "table" / "saved_model.pb", BENIGN / "table.saved_model.pb")
    (BENIGN / "dense.frozen.pb").write_bytes(frozen.SerializeToString())
    (BENIGN / "dense.tflite").write_bytes(lite.convert())
    (BENIGN / "flex.tflite").write_bytes(flex.convert())
    with tf.io.TFRecordWriter(str(BENIGN / "examples.train.tfrecord")) as records:
        for place in range(3):
            value = tf.train.Feature(int64_list=tf.train.Int64List(value=[place]))
            records.write(tf.train.Example(features=tf.train.Features(feature={"a": value})).SerializeToString())
    tf.summary.create_file_writer(str(folder / "events")).close()
    for path in (folder / "events").iterdir():
        shutil.copy(path, BENIGN / "events.out.tfevents.v2")


if __name__ == "__main__":
    main()
