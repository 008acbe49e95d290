#!/usr/bin/env bash
# table.sh [--check]: writes what clients.sh tries into the table of docs/clients.md; with --check says whether it is that.
set -eu
cd "$(dirname "$0")/../../.." || exit 1
page=docs/clients.md
new=$(mktemp)
trap 'rm -f "$new"' EXIT

rows() {
	awk -F '\t' '
	function list(key,  text, i) {
		for (i = 1; i <= count; i++)
			if ((key, names[i]) in with) text = text (text ? ", " : "") shown(names[i])
		return text
	}
	function shown(name) { sub(/-root$/, " as root", name); sub(/podman5/, "podman 5", name); return name }
	{
		if (!($3 in known)) { known[$3]; names[++count] = $3 }
		key = $1 FS $2 FS $4
		if (!(key in seen)) { seen[key]; keys[++rows] = key }
		with[key, $3]
	}
	# What works with the same clients is one row of its area; what does not is a row of its own.
	END {
		for (r = 1; r <= rows; r++) {
			split(keys[r], part, FS)
			text = list(keys[r])
			gsub(/\|/, "\\|", part[2])
			key = part[1] FS text FS part[3]
			if (!(key in what)) order[++lines] = key
			what[key] = what[key] (what[key] ? "; " : "") part[2]
		}
		for (l = 1; l <= lines; l++) {
			split(order[l], part, FS)
			printf "| %s | %s | %s |\n", part[1] == last ? "" : part[1], what[order[l]], part[3] ? "**not** " part[2] ": " part[3] : part[2]
			last = part[1]
		}
	}'
}

[ "$(grep -c '^<!-- table ' "$page")" = 2 ] || { echo "$page: the table's two marks are missing"; exit 1; }
sed '/^<!-- table of/q' "$page" >"$new"
{
	echo
	echo "| | | with |"
	echo "|---|---|---|"
	bash tests/e2e/clients.sh --list | rows
	echo
} >>"$new"
sed -n '/^<!-- table ends/,$p' "$page" >>"$new"
if [ "${1:-}" = --check ]; then
	diff "$page" "$new" >&2 || { echo "$page is not what tests/e2e/clients.sh tries: bash tests/e2e/clients/table.sh"; exit 1; }
else
	cat "$new" >"$page"
fi
