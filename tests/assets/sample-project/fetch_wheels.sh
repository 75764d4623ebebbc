#!/bin/sh
# Downloads the wheels of a set of requirements into wheels/ beside this script, for an image build without network.
#
#   ./fetch_wheels.sh [REQUIREMENTS [PYTHON_VERSION]]
#
# PYTHON_VERSION is that of the base image. PYTHON names the interpreter whose pip is used.
set -eu

cd "$(dirname "$0")"
requirements=${1:-requirements.txt}
version=${2:-3.12}
machine=$(uname -m)
if [ "$machine" = arm64 ]; then machine=aarch64; fi # macOS calls it so

mkdir -p wheels
exec "${PYTHON:-python3}" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
  --implementation cp --python-version "$version" --platform "manylinux2014_$machine" --platform "manylinux_2_17_$machine" \
  --platform "manylinux_2_28_$machine" --dest wheels --requirement "$requirements"
