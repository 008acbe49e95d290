# Sourced by the benches: now, median, ratio, row.
# shellcheck shell=bash

# now - seconds since the epoch, to the microsecond
now() { printf '%s' "$EPOCHREALTIME"; }

# seconds COMMAND... - how long it took; its output is dropped; fails when it fails
seconds() {
	local from
	from=$(now)
	"$@" >/dev/null 2>&1 || return 1
	awk -v a="$from" -v b="$(now)" 'BEGIN {printf "%.3f\n", b - a}'
}

# median NUMBER... - the middle one
median() { printf '%s\n' "$@" | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

# ratio A B
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f\n", a / b}'; }

# within A LIMIT - whether A <= LIMIT
within() { awk -v a="$1" -v b="$2" 'BEGIN {exit !(a <= b)}'; }
