"""Make the small documents beside this file: the SBOMs of a real image, cut down to a few packages and files.

    python tests/assets/sbom/make.py path/to/syft image.tar

The image is Debian's base with Python and pip, saved with `docker save`; both documents come from one run of Syft.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NAMES = ("adduser", "apt", "base-files", "bash", "ca-certificates", "libc6", "openssl", "pip", "setuptools", "wheel")
FILES_OF_A_PACKAGE = 4
TEXT_LENGTH = 400


def main(syft: str, archive: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spdx, cyclonedx = Path(folder, "spdx"), Path(folder, "cyclonedx")
        subprocess.run(
            [
                *(syft, "scan", f"docker-archive:{archive}", "--source-name=example", "--source-version=1", "--quiet"),
                *("--output", f"spdx-json@2.3={spdx}", "--output", f"cyclonedx-json@1.6={cyclonedx}"),
            ],
            check=True,
        )
        write(HERE / "small.spdx.json", small_spdx(json.loads(spdx.read_bytes())))
        write(HERE / "small.cdx.json", small_cyclonedx(json.loads(cyclonedx.read_bytes())))


def small_spdx(document: dict[str, Any]) -> dict[str, Any]:
    packages = [each for each in document["packages"] if each["name"] in (*NAMES, "example")]
    ids = {"SPDXRef-DOCUMENT", *(each["SPDXID"] for each in packages)}
    all_files = {each["SPDXID"] for each in document["files"]}
    for package in packages:
        contained = [
            each["relatedSpdxElement"]
            for each in document["relationships"]
            if each["spdxElementId"] == package["SPDXID"] and each["relatedSpdxElement"] in all_files
        ]
        ids.update(contained[:FILES_OF_A_PACKAGE])
    used = json.dumps(packages)
    licences = [each for each in document["hasExtractedLicensingInfos"] if each["licenseId"] in used]
    return document | {
        "packages": packages,
        "files": [each for each in document["files"] if each["SPDXID"] in ids],
        "hasExtractedLicensingInfos": [
            each | {"extractedText": each["extractedText"][:TEXT_LENGTH]} for each in licences
        ],
        "relationships": [
            each for each in document["relationships"] if {each["spdxElementId"], each["relatedSpdxElement"]} <= ids
        ],
    }


def small_cyclonedx(document: dict[str, Any]) -> dict[str, Any]:
    components = [
        each for each in document["components"] if each["name"] in NAMES or each["type"] == "operating-system"
    ]
    refs = {each["bom-ref"] for each in components}
    return document | {
        "components": components,
        "dependencies": [
            each | {"dependsOn": [ref for ref in each["dependsOn"] if ref in refs]}
            for each in document["dependencies"]
            if each["ref"] in refs
        ],
    }


def write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
