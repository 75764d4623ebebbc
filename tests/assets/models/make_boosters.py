"""Makes the files in benign/boosters.

python make_boosters.py, with xgboost-cpu==3.2.0, lightgbm==4.7.0 and catboost==1.2.10; then with xgboost==1.7.6; then
with xgboost==0.90. What a version cannot write is left as it is.
"""

from pathlib import Path

import numpy as np
import xgboost

BENIGN = Path(__file__).parent / "benign" / "boosters"
VALUES = np.random.RandomState(0).rand(60, 4)
LABELS = np.array([0, 1] * 30)


def old_xgboost() -> None:
    version = ".".join(xgboost.__version__.split(".")[:2])
    plain = xgboost.XGBClassifier(n_estimators=3, max_depth=2).fit(VALUES, LABELS)
    plain.save_model(str(BENIGN / f"xgboost-{version}.bin"))
    if version == "0.90":
        return
    xgboost.XGBRegressor(n_estimators=2, booster="gblinear").fit(VALUES, LABELS).save_model(
        BENIGN / f"xgboost-{version}-linear.bin"
    )
    xgboost.XGBClassifier(n_estimators=2, booster="dart").fit(VALUES, LABELS).save_model(
        BENIGN / f"xgboost-{version}-dart.bin"
    )


def todays() -> None:
    import json  # noqa: PLC0415

    import catboost  # noqa: PLC0415
    import lightgbm  # noqa: PLC0415

    model = xgboost.XGBClassifier(n_estimators=3, max_depth=2).fit(VALUES, LABELS)
    model.save_model(BENIGN / "xgboost-3.2.ubj")
    model.save_model(BENIGN / "xgboost-3.2.json")
    light = lightgbm.LGBMClassifier(n_estimators=3, num_leaves=4, min_child_samples=2, verbose=-1).fit(VALUES, LABELS)
    light.booster_.save_model(BENIGN / "lightgbm-4.7.txt")
    (BENIGN / "lightgbm-4.7.json").write_text(json.dumps(light.booster_.dump_model()))
    options = {"iterations": 3, "depth": 2, "verbose": 0, "allow_writing_files": False}
    cat = catboost.CatBoostClassifier(**options).fit(VALUES, LABELS)
    for kind in ("cbm", "json", "onnx"):
        cat.save_model(BENIGN / f"catboost-1.2.{kind}", format=kind)
    texts = [["a", "hello world foo"], ["b", "bar hello foo"], ["c", "world bar baz"], ["d", "foo baz hello"]] * 10
    pool = catboost.Pool(texts, [0, 1, 0, 1] * 10, cat_features=[0], text_features=[1], feature_names=["c", "t"])
    catboost.CatBoostClassifier(one_hot_max_size=1, **options).fit(pool).save_model(BENIGN / "catboost-1.2-text.cbm")


if __name__ == "__main__":
    BENIGN.mkdir(parents=True, exist_ok=True)
    if int(xgboost.__version__.split(".", maxsplit=1)[0]) < 2:
        old_xgboost()
    else:
        todays()
