"""Makes the files in benign/tables: python make_tables.py, with pyarrow==26.0.1, pandas==3.1.1, polars==2.1.0."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from pyarrow import feather, orc, parquet
from scipy.io import savemat

BENIGN = Path(__file__).parent / "benign" / "tables"
FRAME = pd.DataFrame(
    {
        "a": [1, 2, 3],
        "t": ["x", "y", "os.system"],
        "d": pd.date_range("2024", periods=3),
        "c": pd.Categorical(["u", "v", "u"]),
    }
)


def main() -> None:
    BENIGN.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(FRAME)
    parquet.write_table(table, BENIGN / "pandas.parquet")
    features = {"huggingface": '{"info": {"features": {"a": {"dtype": "int64","_type":"Value"}}}}'}
    parquet.write_table(table.replace_schema_metadata(features), BENIGN / "hf.parquet")
    feather.write_feather(table, BENIGN / "v2.feather")
    feather.write_feather(table, BENIGN / "lz4.feather", compression="lz4")
    feather.write_feather(pa.table({"a": [1, 2]}), BENIGN / "v1.feather", version=1)
    for name, new in (("s.arrows", pa.ipc.new_stream), ("f.arrow", pa.ipc.new_file)):
        with pa.OSFile(str(BENIGN / name), "wb") as sink, new(sink, table.schema) as writer:
            writer.write_table(table)
    pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}).write_ipc(BENIGN / "polars.arrow")
    pl.DataFrame({"a": [1], "b": ["x"]}).write_avro(BENIGN / "t.avro")
    orc.write_table(pa.table({"a": [1, 2], "b": ["x", None]}), str(BENIGN / "t.orc"))
    savemat(BENIGN / "m.mat", {"a": np.eye(2), "s": "x", "c": {"b": 1}})


if __name__ == "__main__":
    main()
