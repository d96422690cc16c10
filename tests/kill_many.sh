#!/usr/bin/env bash
# The kill test for many seeds in a row: tests/kill_many.sh [SEEDS=20] [FIRST_SEED=1]
# Needs what scripts/test has installed and built.
set -eu
cd "$(dirname "$0")/.."
python=${CARGO_TARGET_DIR:-target}/test-venv/bin/python
[ -x "$python" ] || { echo "run scripts/test once: it installs the test tools" >&2; exit 1; }
cargo build --workspace --bins --tests
export STEPWELL_SEED=${2:-1} STEPWELL_KILL_SEEDS=${1:-20}
exec "$python" -m pytest -c tests/pytest.ini --rootdir tests -s tests/test_kill.py
