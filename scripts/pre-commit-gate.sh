#!/usr/bin/env bash
# The pre-commit hook: the quick checks of the gate, with the harness of the repository that is committed to.
# Arguments are those of `harness gate`, for example --config gates/metrics.yaml.
set -euo pipefail

for harness in "${VIRTUAL_ENV:-/nowhere}/bin/harness" .venv/bin/harness venv/bin/harness harness; do
  if command -v "$harness" >/dev/null; then
    exec "$harness" gate --no-github --check signature --check scores --check coverage "$@"
  fi
done
echo "metric-gate: there is no harness in \$VIRTUAL_ENV, .venv, venv or on PATH; install metaeval-harness beside your metrics" >&2
exit 1
