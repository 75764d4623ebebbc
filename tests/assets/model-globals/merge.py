"""Make the tables of scripts/modelseal/models/pickles/tables from what collect.py found, and from what was reviewed.

    python tests/assets/model-globals/merge.py RAW
    python tests/assets/model-globals/merge.py RAW --add PACKAGE...

The second writes the tables of the packages that are named and of no other, and what a table has already counts as one
more release of its package: for a release that comes after those of which the raw results are gone.

A name is in a table when every release that has it agrees that it is harmless, or when review/<package>.txt says so;
`- names` there (or `- *`) takes names out. Lines of a review are lines of a table. docs/model-globals.md says more.
"""

import fnmatch
import json
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scripts"))

from modelseal.models.pickles import dangerous

HERE = Path(__file__).resolve().parent
TABLES = HERE.parents[2] / "scripts" / "modelseal" / "models" / "pickles" / "tables"
KINDS = {"instance": "i", "native": "v", "enumeration": "e", "exception": "o", "function": "v"}
#: Packages so large that functions of their private modules are left out, or of all their modules: no file needs them.
LARGE = {"torch", "lightning", "keras", "ultralytics", "timm", "torch_geometric", "gensim", "spacy"}
LARGEST = {"transformers", "sentence_transformers", "peft", "pyarrow", "polars", "nltk", "onnx"}
#: Packages of which files only need some modules: the rest runs environments, reads data, or draws.
NEEDED = {
    "gym": ("gym.spaces",),
    "gymnasium": ("gymnasium.spaces",),
    "optax": ("optax._src", "optax.contrib", "optax.schedules", "optax.transforms"),
    "keras_preprocessing": ("keras_preprocessing.text",),
    "sktime": (
        "sktime.base",
        "sktime.classification",
        "sktime.clustering",
        "sktime.datatypes._dtypekind",
        "sktime.detection",
        "sktime.dists_kernels",
        "sktime.forecasting",
        "sktime.param_est",
        "sktime.performance_metrics",
        "sktime.pipeline",
        "sktime.regression",
        "sktime.split",
        "sktime.transformations",
    ),
    "stable_baselines3": (
        "stable_baselines3.common.buffers",
        "stable_baselines3.common.noise",
        "stable_baselines3.common.running_mean_std",
        "stable_baselines3.common.type_aliases",
        "stable_baselines3.common.vec_env.vec_normalize",
    ),
}
ORDER = "ioecsv!"

Names = dict[tuple[str, str], set[str]]


def main() -> None:
    """Write every table for which there is something, or those that are named."""
    adding = sys.argv[3:] if sys.argv[2:3] == ["--add"] else []
    found: dict[str, list[dict]] = defaultdict(list)
    for path in sorted(Path(sys.argv[1]).glob("*.json")):
        collected = json.loads(path.read_text(encoding="utf-8"))
        found[collected["package"]].append(collected)
    for package, releases in found.items():
        for release in releases:
            release["modules"] = {name: kinds for name, kinds in release["modules"].items() if needed(name, package)}
    for package in sorted(adding or {*found, *(path.stem for path in (HERE / "review").glob("*.txt"))}):
        write(package, found.get(package, []), *(written(package) if adding else ({}, [])))


def write(package: str, releases: list[dict], earlier: Names, versions: list[str]) -> None:
    """Write one package's table."""
    names = collected(package, releases)
    flagged = {
        (module, name)
        for release in releases
        for module, kinds in release["modules"].items()
        for name in kinds["flagged"]
    }
    for place, kinds in earlier.items():
        wrong = any(kind[0] == "!" for kind in (*names.get(place, ()), *kinds))
        if wrong:
            names[place] = {kind for kind in (*names.get(place, ()), *kinds) if kind[0] == "!"}
        elif place not in flagged:
            names[place] = names.get(place, set()) | kinds
    found = flagged | set(names)
    for line in reviewed(package):
        apply(line, names, found)
    listed = ", ".join(sorted({*versions, *(release["version"] for release in releases)}))
    text = f"# {package} {listed or '(by hand)'}: see docs/model-globals.md\n"
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (module, name), kinds in names.items():
        for kind in kinds:
            letter, _, rest = kind.partition(" ")
            check = rest if letter == "!" else ""
            letter, _, condition = letter.partition("=")
            key = f"! {check}" if check else letter
            grouped[module, key].append(f"{name}={condition}" if condition else name)
    for (module, key), members in sorted(
        grouped.items(), key=lambda item: (item[0][0], ORDER.index(item[0][1][0]), item[0])
    ):
        text += f"{module} {key} {' '.join(sorted(members))}\n"
    (TABLES / f"{package}.txt").write_text(text, encoding="utf-8")
    print(package, listed, len(names), f"{len(text) // 1024} KiB")


def written(package: str) -> tuple[Names, list[str]]:
    """Read what a package's table has, and of which releases."""
    names: Names = defaultdict(set)
    path = TABLES / f"{package}.txt"
    first, *lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else [f"# {package} (by hand):"]
    for line in lines:
        module, letter, *entries = line.split()
        technique = f"! {entries.pop(0)}" if letter == "!" else ""
        for entry in entries:
            name, _, check = entry.partition("=")
            names[module, name].add(technique or (f"{letter}={check}" if check else letter))
    versions = first.removeprefix(f"# {package} ").partition(":")[0]
    return names, [] if versions == "(by hand)" else versions.split(", ")


def collected(package: str, releases: list[dict]) -> Names:
    """Join releases: what one of them finds wrong is wrong."""
    names: Names = defaultdict(set)
    flagged: dict[tuple[str, str], str] = {}
    for release in releases:
        for module, kinds in release["modules"].items():
            for kind, letter in KINDS.items():
                for name in kinds[kind] if kind != "function" or not internal(module, package) else ():
                    names[module, name].add(letter)
                    for getter, ways in kinds[kind][name].items():
                        flagged[module, f"{name}.{getter}"] = next(iter(ways))
            for name, ways in kinds["flagged"].items():
                flagged[module, name] = next(iter(ways.get("function", {})), "")
    for name, technique in flagged.items():
        names.pop(name, None)
        if technique and not internal(name[0], package):
            names[name] = {f"! {technique}"}
    for module, name in list(names):
        if dangerous.technique(module, name) is not None and not any(
            kind.startswith("!") for kind in names[module, name]
        ):
            names.pop((module, name), None)
    return names


def needed(module: str, package: str) -> bool:
    """Tell whether files need a module."""
    return not module.endswith("_test") and any(
        (module + ".").startswith(name + ".") for name in NEEDED.get(package, (package,))
    )


def internal(module: str, package: str) -> bool:
    """Tell whether a module's functions are left out."""
    return package in LARGEST or (package in LARGE and any(part.startswith("_") for part in module.split(".")))


def reviewed(package: str) -> list[str]:
    """Return the lines of a review."""
    path = HERE / "review" / f"{package}.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [line for line in lines if line and not line.startswith("#")]


def apply(line: str, names: Names, found: set[tuple[str, str]]) -> None:
    """Add or take out what one line of a review says. A name with a star stands for all that were found."""
    module, kind, *listed = line.split()
    for entry in listed:
        name, _, check = entry.partition("=")
        if "*" in name and kind != "-":
            matching = [known for place, known in found if place == module and fnmatch.fnmatchcase(known, name)]
            if matching:
                apply(f"{module} {kind} " + " ".join(f"{known}={check}" for known in sorted(matching)), names, found)
        elif kind != "-":
            names[module, name] = {
                *(known for known in names.get((module, name), ()) if known[0] != "!"),
                f"{kind}={check}" if check else kind,
            }
        elif name == "*":
            for known in [known for known in names if known[0] == module]:
                del names[known]
        else:
            names.pop((module, name), None)


if __name__ == "__main__":
    main()
