#!/usr/bin/env bash
# Runs the gate as the action's inputs say, and tells later steps how it came out. Exits as the gate does.
set -euo pipefail

words=(gate --github)
[ -z "${GATE_CONFIG:-}" ] || words+=(--config "$GATE_CONFIG")
add() { # option, values one a line
  while IFS= read -r value || [ -n "$value" ]; do
    value="${value#"${value%%[![:space:]]*}"}"
    value="${value%"${value##*[![:space:]]}"}"
    [ -z "$value" ] || words+=("$1" "$value")
  done <<<"$2"
}
add --metric "${GATE_METRICS:-}"
add --check "${GATE_CHECKS:-}"
case "${GATE_INCONCLUSIVE:-}" in
  "") ;;
  strict | lenient) words+=("--$GATE_INCONCLUSIVE") ;;
  *)
    echo "::error title=metric-gate::the input inconclusive is strict, lenient or empty, got '$GATE_INCONCLUSIVE'"
    exit 2
    ;;
esac
[ -z "${GATE_JUNIT:-}" ] || words+=(--junit "$GATE_JUNIT")
[ -z "${GATE_SARIF:-}" ] || words+=(--sarif "$GATE_SARIF")

status=0
"${GATE_PYTHON:-python}" -P -c 'from harness.cli.main import main; main()' "${words[@]}" || status=$?

case $status in
  0) outcome=pass ;;
  1) outcome=fail ;;
  3) outcome=not-asked ;;
  4) outcome=inconclusive ;;
  *) outcome=wrong-use ;;
esac
folder="${GATE_FOLDER:-.}"
{
  echo "outcome=$outcome"
  [ -z "${GATE_JUNIT:-}" ] || [ ! -f "$GATE_JUNIT" ] || echo "junit=${folder%/}/$GATE_JUNIT"
  [ -z "${GATE_SARIF:-}" ] || [ ! -f "$GATE_SARIF" ] || echo "sarif=${folder%/}/$GATE_SARIF"
} >>"${GITHUB_OUTPUT:-/dev/null}"
exit "$status"
