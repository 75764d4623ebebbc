"""Cut the operations that Modelseal uses out of GitHub's OpenAPI description, with all that they refer to.

    npm pack @octokit/openapi && tar -xzf octokit-openapi-*.tgz
    python cut.py package/generated/api.github.com.json package/package.json > github-api.json

The description has 13 MB; what is kept of it is unchanged but for descriptions of more than 300 characters,
and one example that does not fit its own schema.
"""

import json
import sys
from pathlib import Path
from typing import Any

OPERATIONS = {
    "/repos/{owner}/{repo}": ("get",),
    "/repos/{owner}/{repo}/code-scanning/sarifs": ("post",),
    "/repos/{owner}/{repo}/code-scanning/sarifs/{sarif_id}": ("get",),
    "/repos/{owner}/{repo}/issues/{issue_number}/comments": ("get", "post"),
    "/repos/{owner}/{repo}/issues/comments/{comment_id}": ("patch", "delete"),
    "/repos/{owner}/{repo}/attestations": ("post",),
    "/repos/{owner}/{repo}/attestations/{subject_digest}": ("get",),
}
LONGEST = 300


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: item[:LONGEST] if key == "description" and isinstance(item, str) else shortened(item)
            for key, item in value.items()
        }
    return [shortened(item) for item in value] if isinstance(value, list) else value


def cut(document: dict[str, Any], version: str) -> dict[str, Any]:
    paths = {
        path: {method: document["paths"][path][method] for method in methods} for path, methods in OPERATIONS.items()
    }
    components: dict[str, dict[str, Any]] = {}
    waiting = references(paths)
    while waiting:
        _, _, section, name = waiting.pop().split("/", 3)
        kept = components.setdefault(section, {})
        if name not in kept:
            kept[name] = document["components"][section][name]
            waiting |= references(kept[name])
    repository = components["examples"]["full-repository-default-response"]["value"]
    for example in (repository, repository["source"]):  # required by its schema, and left out
        example.setdefault("language", None)
    info = document["info"] | {
        "description": f"Cut by cut.py out of @octokit/openapi {version}; MIT, © Octokit contributors"
    }
    return shortened({
        "openapi": document["openapi"], "info": info, "servers": [{"url": "https://api.github.com"}],
        "paths": paths, "components": {name: dict(sorted(kept.items())) for name, kept in sorted(components.items())},
    })  # fmt: skip


if __name__ == "__main__":
    description, package = (json.loads(Path(name).read_bytes()) for name in sys.argv[1:3])
    sys.stdout.write(json.dumps(cut(description, package["version"]), indent=1, ensure_ascii=False) + "\n")
