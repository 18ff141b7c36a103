#!/usr/bin/env bash
# Installs the wheel of one version into an environment of its own, and tells the steps behind it where the binary is.
set -euo pipefail

version=${GATE_VERSION:-}
if [ -z "$version" ]; then
  # The action and the tool are released together.
  version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$GITHUB_ACTION_PATH/Cargo.toml" | head -n 1)
fi

environment=$RUNNER_TEMP/relay-diag
python3 -m venv "$environment"
# Only the wheel: building from source takes half an hour and is not what a gate should do.
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: "relay-diag==$version"
echo "command=$environment/bin/relay-diag" >>"$GITHUB_OUTPUT"
