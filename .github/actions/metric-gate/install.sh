#!/usr/bin/env bash
# Installs what the input `install` names: one requirement a line, whose words (-e .[dev]) are pip's.
set -euo pipefail
while IFS= read -r line || [ -n "$line" ]; do
  read -ra words <<<"$line"
  [ ${#words[@]} -eq 0 ] || "${GATE_PYTHON:-python}" -m pip install --quiet "${words[@]}"
done <<<"${GATE_INSTALL:-}"
