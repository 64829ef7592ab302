#!/usr/bin/env bash
# Runs the gate as the action's inputs say, and tells later steps how it came out. Exits as the gate does.
set -euo pipefail

tell() { # the output's name, its value
  printf '%s=%s\n' "$1" "$2" >>"${GITHUB_OUTPUT:-/dev/null}"
}
refuse() { # what is wrong with an input, in words
  local said=${1//'%'/%25}
  said=${said//$'\r'/%0D}
  echo "::error title=metric-gate::${said//$'\n'/%0A}"
  tell outcome wrong-use
  exit 2
}
for name in GATE_CONFIG GATE_FOLDER GATE_JUNIT GATE_SARIF; do
  case "${!name:-}" in
    *[$'\n\r']*) refuse "an input is a path of one line, got '${!name}'" ;;
  esac
done
case "${GATE_INCONCLUSIVE:-}" in
  "" | strict | lenient) ;;
  *) refuse "the input inconclusive is strict, lenient or empty, got '$GATE_INCONCLUSIVE'" ;;
esac

words=(gate --github)
[ -z "${GATE_CONFIG:-}" ] || words+=(--config "$GATE_CONFIG")
[ -z "${GATE_INCONCLUSIVE:-}" ] || words+=("--$GATE_INCONCLUSIVE")
add() { # option, values one a line
  while IFS= read -r value || [ -n "$value" ]; do
    value="${value#"${value%%[![:space:]]*}"}"
    value="${value%"${value##*[![:space:]]}"}"
    [ -z "$value" ] || words+=("$1" "$value")
  done <<<"$2"
}
add --metric "${GATE_METRICS:-}"
add --check "${GATE_CHECKS:-}"
report() { # option, file, what such a report begins with; what an earlier run found is removed, since it is no report of this one
  [ -n "$2" ] || return 0
  words+=("--$1" "$2")
  [ -s "$2" ] || return 0
  head -c 300 -- "$2" | grep -qF -- "$3" || refuse "$2 is there and is no report of the gate: name another file for the input $1"
  rm -f -- "$2"
}
report junit "${GATE_JUNIT:-}" '<testsuites name="metric-gate"'
report sarif "${GATE_SARIF:-}" 'sarif-schema'

status=0
"${GATE_PYTHON:-python}" -P -c 'from harness.cli.main import main; main()' "${words[@]}" || status=$?

case $status in
  0) outcome=pass ;;
  1) outcome=fail ;;
  3) outcome=not-asked ;;
  4) outcome=inconclusive ;;
  *) outcome=wrong-use ;;
esac
tell outcome "$outcome"
folder="${GATE_FOLDER:-.}"
written() { # the output's name, its file
  [ -s "$2" ] || return 0
  case "$2" in
    /* | [A-Za-z]:[\\/]*) tell "$1" "$2" ;;
    *) tell "$1" "${folder%/}/$2" ;;
  esac
}
written junit "${GATE_JUNIT:-}"
written sarif "${GATE_SARIF:-}"
exit "$status"
