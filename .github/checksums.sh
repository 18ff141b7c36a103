#!/usr/bin/env bash
# Tells dist the checksums of the archives that lie in target/distrib, since it made none of them: its installers check
# what they download, and sha256.sum lists them. Takes the tag.
set -euo pipefail

manifest=$(dist manifest "--tag=$1" --output-format=json --no-local-paths --artifacts=local)
for file in target/distrib/*.sha256; do
  read -r sum name <"$file"
  manifest=$(jq --arg name "${name#\*}" --arg sum "$sum" \
    'if .artifacts | has($name) then .artifacts[$name].checksums.sha256 = $sum else . end' <<<"$manifest")
done
missing=$(jq -r '.artifacts[] | select(.kind == "executable-zip" and .checksums.sha256 == null) | .name' <<<"$manifest")
if [ -n "$missing" ]; then
  printf 'no checksum of %s\n' "$missing" >&2
  exit 1
fi
printf '%s\n' "$manifest" >target/distrib/local-dist-manifest.json
