# Sourced by tests that need Debian source packages: debian_source, quilt_list.
# shellcheck shell=bash

# Downloaded packages are kept here between runs; apt verifies them against the archive's signed index each time.
debian_cache=${DEBIAN_SOURCES:-${TMPDIR:-/tmp}/cooper-debian-sources}

# An apt state of our own that lists the sources of the mirrors which the host's apt uses: nothing under /etc changes.
debian_state() {
	local state=$debian_cache/apt
	[ -s "$state/ready" ] && return 0
	command -v apt-get >/dev/null || return 1
	mkdir -p "$state/lists/partial" "$state/archives/partial"
	: >"$state/status"
	# shellcheck disable=SC2016  # apt's own variables
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
		awk '$4 == "Debian" && !seen[$1 $2 $3]++ {print "deb-src", $1, $2, $3}' >"$state/sources.list"
	[ -s "$state/sources.list" ] && debian_apt -qq update && echo yes >"$state/ready"
}

debian_apt() {
	local state=$debian_cache/apt
	apt-get -o Dir::State="$state" -o Dir::State::Lists="$state/lists" -o Dir::State::status="$state/status" \
		-o Dir::Cache="$state" -o Dir::Cache::archives="$state/archives" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::SourceList="$state/sources.list" -o APT::Sandbox::User=root "$@"
}

# debian_source NAME DIR - the unpatched source package in DIR, with debian/; fails without a network
debian_source() {
	local from=$debian_cache/$1 dsc
	debian_state >/dev/null 2>&1 || return 1
	mkdir -p "$from"
	dsc=$(find "$from" -name '*.dsc')
	if [ -z "$dsc" ]; then
		(cd "$from" && debian_apt -qq --download-only --only-source source "$1") >/dev/null 2>&1 || return 1
		dsc=$(find "$from" -name '*.dsc')
	fi
	rm -rf "$2"
	dpkg-source --no-check --skip-patches -x "$dsc" "$2" >/dev/null 2>&1
}

# quilt_list DIR - the names in DIR/debian/patches/series, one a line
quilt_list() {
	sed -e 's/[[:space:]]*#.*//' -e 's/^[[:space:]]*//' -e 's/[[:space:]].*//' -e '/^$/d' "$1/debian/patches/series"
}
