#!/usr/bin/env bash
# The gate after a deploy: asks `relay-diag verify` until it passes or the time is over, and writes what came of it as
# job summary, outputs and exit code. Inputs come as GATE_* variables (action.yml), the token as LOGFIRE_READ_TOKEN.
set -euo pipefail

binary=${GATE_COMMAND:-relay-diag}
folder=$(mktemp -d "${RUNNER_TEMP:-/tmp}/relay-diag-gate.XXXXXX")
report=$folder/report.md
messages=$folder/messages.txt

# GitHub masks secrets by itself; a token that a step before this one fetched it doesn't know.
if [ "${GITHUB_ACTIONS:-}" = true ] && [ -n "${LOGFIRE_READ_TOKEN:-}" ]; then
  echo "::add-mask::$LOGFIRE_READ_TOKEN"
fi

# Telemetry is written by strangers: nothing of it may be taken for a command to the runner.
quoted() {
  local stop
  stop=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  echo "::stop-commands::$stop"
  cat
  echo
  echo "::$stop::"
}

refuse() {
  echo "$1" >"$messages"
  finish error 2 "$1"
}

# outcome, exit code, first line
finish() {
  local code=$2
  if [ "$1" = inconclusive ] && [ "${GATE_INCONCLUSIVE:-fail}" = pass ]; then
    code=0
  fi
  [ ! -s "$report" ] || quoted <"$report"
  [ ! -s "$messages" ] || quoted <"$messages"
  summary "$1" "$3" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
  # One line each: a line break in a value would begin another output.
  {
    printf 'outcome=%s\n' "$1"
    printf 'exit-code=%s\n' "$2"
    printf 'headline=%s\n' "$(printf '%s' "$3" | tr -d '\r\n')"
    printf 'report=%s\n' "$report"
  } >>"${GITHUB_OUTPUT:-/dev/null}"
  exit "$code"
}

# Outcome and first line again: the page must say what it is when nothing else came.
summary() {
  printf '## Deploy gate: %s\n\n' "$1"
  if [ -s "$report" ]; then
    cat "$report"
  else
    printf 'There is no answer.\n'
  fi
  if [ -s "$messages" ]; then
    # Indented, it is code: no Markdown and no HTML.
    printf '\n\n'
    sed 's/^/    /' "$messages"
  fi
  printf '\n'
}

case "${GATE_INCONCLUSIVE:-fail}" in
  fail | pass) ;;
  *) refuse "the input inconclusive is fail or pass, not '${GATE_INCONCLUSIVE}'" ;;
esac

# Flags for every question: one a line, so that no value is split or expanded.
common=(--format markdown --color never)
[ "${GATE_REDACT:-true}" = false ] || common+=(--redact)
[ -z "${GATE_ENVIRONMENT:-}" ] || common+=(--env "$GATE_ENVIRONMENT")
[ -z "${GATE_SERVICE:-}" ] || common+=(--service "$GATE_SERVICE")
while IFS= read -r flag; do
  [ -z "$flag" ] || common+=("$flag")
done <<<"${GATE_FLAGS:-}"

verify=(--wait "${GATE_WAIT:-5m}")
[ -z "${GATE_STARTED:-}" ] || verify+=(--restarted-after "$GATE_STARTED")

code=0
"$binary" verify "${verify[@]}" "${common[@]}" >"$report" 2>"$messages" || code=$?
headline=$(head -n 1 "$report")

case $code in
  0) finish pass 0 "$headline" ;;
  1) outcome=fail ;;
  4) outcome=inconclusive ;;
  *) finish error "$code" "$(head -n 1 "$messages")" ;;
esac

# What happened; its first line is the diagnosis. It adds to an answer that stands, whatever becomes of it.
if [ "$outcome" = fail ]; then
  asked=0
  {
    printf '\n\n### What happened\n\n'
    "$binary" timeline --since "${GATE_SINCE:-1h}" "${common[@]}" 2>>"$messages" || asked=$?
    case $asked in
      0 | 1 | 4) ;;
      *) printf 'The timeline could not be had.\n' ;;
    esac
  } >>"$report"
fi
finish "$outcome" "$code" "$headline"
