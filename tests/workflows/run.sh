#!/bin/sh
# .github/workflows and action.yml under action-validator (npm), their scripts under shellcheck, the formula under ruby.
set -u
cd "$(dirname "$0")/../.." || exit 1
passed=0 failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

result() { # result NAME STATUS
	if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL: $1"; cat "$tmp/out" 2>/dev/null; fi
}

if command -v npm >/dev/null 2>&1; then
	modules=${XDG_CACHE_HOME:-$HOME/.cache}/cooper-workflows-test
	mkdir -p "$modules" && cp tests/workflows/package.json tests/workflows/package-lock.json "$modules/"
	if [ ! -d "$modules/node_modules/@action-validator/cli" ]; then
		(cd "$modules" && npm ci --no-audit --no-fund --silent) >"$tmp/npm" 2>&1 || cat "$tmp/npm"
	fi
	validator=$modules/node_modules/.bin/action-validator
	for file in .github/workflows/*.yml action.yml; do
		"$validator" "$file" >"$tmp/out" 2>&1
		result "$file" $?
	done
	sed 's/runs-on:/runs-where:/' .github/workflows/ci.yml >"$tmp/bad.yml"
	! "$validator" "$tmp/bad.yml" >"$tmp/out" 2>&1
	result "a workflow with an unknown key is refused" $?
else
	echo "SKIP: npm is not installed, action-validator cannot run"
fi

# The scripts in them: every block below a `run:`, GitHub's own expressions taken out.
if command -v shellcheck >/dev/null 2>&1; then
	for file in .github/workflows/*.yml action.yml; do
		awk '
		function indent(line) { match(line, /^ */); return RLENGTH }
		inside && /[^ ]/ && indent($0) <= base { inside = 0; print "" }
		inside { print substr($0, base + 3); next }
		/^ *(- )?run: \|$/ { inside = 1; base = indent($0); next }
		/^ *(- )?run: / { sub(/^ *(- )?run: /, ""); print }
		' "$file" | sed 's/\${{[^}]*}}/expression/g' >"$tmp/script"
		shellcheck -s bash -e SC2086,SC2164 "$tmp/script" >"$tmp/out" 2>&1
		result "scripts of $file" $?
	done
else
	echo "SKIP: shellcheck is not installed"
fi

sed 's/@[A-Z0-9]*@/x/' packaging/homebrew/cooper.rb.in >"$tmp/cooper.rb"
if command -v ruby >/dev/null 2>&1; then
	ruby -c "$tmp/cooper.rb" >"$tmp/out" 2>&1
	result "the formula's syntax" $?
else
	echo "SKIP: ruby is not installed, the formula's syntax is not checked"
fi
echo "workflows: $passed passed, $failed failed"
[ "$failed" = 0 ]
