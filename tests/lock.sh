#!/usr/bin/env bash
# Resolves the hash-locked requirements anew: the stations' and the tests'.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

resolve() { # OUTPUT COMMENT INPUT...
  local output=$1 comment=$2
  shift 2
  {
    echo "# $comment"
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
      --no-emit-index-url "$@"
  } >"$output.new"
  mv "$output.new" "$output"
}

resolve scripts/requirements.lock \
  'The environment of the stations. Made with make lock from pyproject.toml; installed with --require-hashes.' \
  pyproject.toml
resolve tests/requirements.lock \
  'The environment of the tests. Made with make lock from pyproject.toml and requirements.in; installed with --require-hashes.' \
  pyproject.toml tests/requirements.in
