#!/usr/bin/env bash
# A command with nothing to do, and how long the program takes to start. Needs nothing but the binary.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/bench/lib.sh
: "${COOPER:=$PWD/build/release/cooper}"

rounds=21
sample() { # sample COMMAND... - median of $rounds runs, in seconds
	local times=() i
	for ((i = 0; i < rounds; i++)); do times+=("$(seconds "$@")"); done
	median "${times[@]}"
}

echo '## Nothing to do'
echo
echo '| what | median |'
echo '|---|---|'
echo "| \`cooper --version\` | $(sample "$COOPER" --version) s |"
echo "| \`cooper lint\` of all shipped recipes | $(sample "$COOPER" lint) s |"
if "$COOPER" plan >/dev/null 2>&1; then
	up=$(sample "$COOPER" up)
	echo "| \`cooper up\` when nothing changed (asked: 0.020 s at most) | $up s |"
	within "$up" 0.020
else
	# shellcheck disable=SC2016  # Markdown
	echo '| `cooper up` when nothing changed | SKIP: no machine here; `make up` first |'
fi
