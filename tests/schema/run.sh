#!/bin/sh
# recipes/schema.json and docs/recipes.md are what the field tables generate; every shipped recipe holds under
# the schema (ajv), and documents that cooper refuses for their shape do not.
set -u
cd "$(dirname "$0")/../.." || exit 1
cooper=build/release/cooper
passed=0 failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

result() { # result NAME STATUS
	if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL: $1"; fi
}

"$cooper" tool schema >"$tmp/schema.json" && cmp -s "$tmp/schema.json" recipes/schema.json
result "recipes/schema.json is current (make docs)" $?
"$cooper" tool docs >"$tmp/recipes.md" && cmp -s "$tmp/recipes.md" docs/recipes.md
result "docs/recipes.md is current (make docs)" $?

"$cooper" tool rules >"$tmp/rules.md" && cmp -s "$tmp/rules.md" docs/compatibility.md
result "docs/compatibility.md is current (make docs)" $?

if command -v npm >/dev/null 2>&1; then
	modules=${XDG_CACHE_HOME:-$HOME/.cache}/cooper-schema-test
	mkdir -p "$modules" && cp tests/schema/package.json tests/schema/package-lock.json "$modules/" 2>/dev/null
	if [ ! -d "$modules/node_modules/ajv" ]; then
		(cd "$modules" && npm install --no-audit --no-fund --silent) >"$tmp/npm" 2>&1 || cat "$tmp/npm"
	fi
	NODE_PATH="$modules/node_modules" node tests/schema/validate.js recipes/schema.json recipes/*.yaml vmimages/*.yaml
	result "shipped recipes hold under the schema" $?
	printf 'kind: stack\nmachin: {}\n' >"$tmp/bad.yaml"
	! NODE_PATH="$modules/node_modules" node tests/schema/validate.js recipes/schema.json "$tmp/bad.yaml" >/dev/null 2>&1
	result "an unknown key does not" $?
else
	echo "SKIP: npm is not installed, ajv cannot run"
fi
echo "schema: $passed passed, $failed failed"
[ "$failed" = 0 ]
