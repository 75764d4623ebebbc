"""Tell whether the files that are here are those that a manifest lists."""

import glob
from collections.abc import Mapping, Sequence
from pathlib import Path

from modelseal.artifacts import comparison, hashing, summary, tree
from modelseal.artifacts.manifest import Manifest
from modelseal.report import markdown


def reasons(
    paths: Sequence[str], signed: Manifest, *, folder: Path, temp_dir: Path, environ: Mapping[str, str]
) -> tuple[str, ...]:
    """Hash files and compare them with a manifest.

    Args:
        paths: The tree's folder, or its files.
        signed: What must be there, and nothing else.
        folder: Where relative paths start.
        temp_dir: For the workers.
        environ: For the workers.

    Returns:
        One phrase for each file that is changed, missing, added or renamed, and for links that should be none.
    """
    ignore = [glob.escape(name) for name in signed.ignored]
    with hashing.Pool(workers=hashing.available_cores(), temp_dir=temp_dir, environ=environ) as pool:
        found = tree.find(paths, ignore, folder, on_files=pool.offer)
        digests = pool.digests(found.files)
    present = {file.name: digest for file, digest in zip(found.files, digests, strict=True)}
    differences = comparison.compare(dict(signed.digests), present)
    phrases = [f"{what}: {markdown.visible(name)}" for what, name in summary.described(differences)]
    if found.has_links and not signed.allow_symlinks:
        phrases.append("a symbolic link stands for one of the files, and there was none when it was signed")
    return tuple(phrases)
