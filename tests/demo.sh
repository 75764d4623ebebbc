#!/usr/bin/env bash
# The whole chain on the sample project: builds, inventories, gates, hashes, attests and verifies it.
#
#   demo.sh [requirements.txt | requirements-vulnerable.txt]
#
# Ends with the chain's own exit code: 0 with the first, 10 (the gate failed) with the second.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
requirements=${1:-requirements.txt}
out=modelseal-out
started=$SECONDS

bash tests/setup.sh python
bash tests/setup.sh engine

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R tests/assets/sample-project "$work/project"

echo 'demo: fetching the wheels for the image, so that its build needs no network' >&2
"$work/project/fetch_wheels.sh" "$requirements" 3.11

echo 'demo: unpacking the vulnerability database (a small real one, for tests)' >&2
python3 tests/trivy_db.py "$work/trivy"

# A key made for this run: at home there is no workflow whose identity Sigstore could vouch for.
(umask 077 && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/key.pem" 2>/dev/null)

rm -rf "$out"
code=0
bash scripts/run chain \
  --image card-fraud:demo \
  --context "$work/project" \
  --build-args BASE_IMAGE=modelseal-base:bookworm \
  --build-args PIP_NO_INDEX=1 \
  --build-args "REQUIREMENTS=$requirements" \
  --pull false \
  --models "$work/project/model" \
  --ignore-unfixed true \
  --db-dir "$work/trivy" \
  --sign key \
  --private-key "$work/key.pem" \
  --output-dir "$out" || code=$?

if [[ $code == 0 ]]; then
  openssl pkey -in "$work/key.pem" -pubout -out "$out/public-key.pem"
fi
echo
echo "demo: the chain took $((SECONDS - started)) seconds, set-up included, and ended with exit code $code."
if [[ $code == 0 ]]; then
  cat <<TEXT
Everything is in $out/. Look at it:
  less $out/card-fraud-demo.verdict.json
Verify the model again, as whoever deploys it would, then change a byte and see it refused:
  bash scripts/run verify --paths tests/assets/sample-project/model --bundles $out/bundles --public-key $out/public-key.pem
See the gate stop the vulnerable requirements:
  make demo REQUIREMENTS=requirements-vulnerable.txt
TEXT
fi
exit "$code"
