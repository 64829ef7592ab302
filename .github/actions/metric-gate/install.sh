#!/usr/bin/env bash
# Installs what the input `install` names: the lines of a requirements file, read by pip as it reads one (comments, markers, -e, -c).
set -euo pipefail
list=$(mktemp ./.metric-gate-install.XXXXXX) # here, since pip takes the paths of -c and -r from where the file lies
trap 'rm -f -- "$list"' EXIT
printf '%s\n' "${GATE_INSTALL:-}" >"$list"
"${GATE_PYTHON:-python}" -m pip install --quiet --requirement "$list"
