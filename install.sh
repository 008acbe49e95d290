#!/bin/sh
# Installs cooper into a folder of yours, from source. curl -fsSL URL/install.sh | sh, or sh install.sh in its source tree.
# `sh install.sh --help` lists the options. Nothing outside the prefix is written but the host packages that compiling
# needs; on macOS sudo is never used. Running it again updates; --uninstall undoes it.
set -eu

# A release fills these in (packaging/dist.sh).
release_url=
release_sha256=

usage() {
	cat <<'TEXT'
usage: install.sh [OPTIONS]

  --prefix DIR      install below DIR (default ~/.local)
  --source DIR|URL  compile the source tree DIR, or the .tar.gz at URL (default: this release's)
  --sha256 HEX      digest of what is at URL; required with one
  --yes             install missing host packages without asking; without a terminal nothing is asked either
  --dry-run         say what would be done, do nothing
  --uninstall       remove what was installed
TEXT
}

say() { printf 'install: %s\n' "$*"; }

fail() { # fail MESSAGE [HINT]
	printf 'install: %s\n' "$1" >&2
	[ $# -lt 2 ] || printf 'hint: %s\n' "$2" >&2
	exit 1
}

run() { # run COMMAND...: says it, and does it unless this is a dry run
	printf '  %s\n' "$*"
	[ "$dry_run" = yes ] || "$@"
}

consent() { # consent QUESTION
	[ "$yes" = no ] || return 0
	if ! [ -t 2 ] || ! [ -r /dev/tty ] || [ -n "${CI:-}" ]; then return 0; fi
	printf '%s [Y/n] ' "$1" >&2
	read -r answer </dev/tty || answer=n
	case $answer in "" | y | Y | yes) return 0 ;; *) return 1 ;; esac
}

sha256_of() {
	if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1" | cut -d ' ' -f 1; else shasum -a 256 "$1" | cut -d ' ' -f 1; fi
}

# --- what compiling needs ---

# The shims in /usr/bin of a Mac without the tools open a dialog: only files are looked at.
developer_tools() {
	tools=$(xcode-select -p 2>/dev/null) && [ -e "$tools/usr/bin/git" ]
}

# What the App Store does, without a dialog: softwareupdate lists the tools while this marker exists.
install_developer_tools() {
	marker=/tmp/.com.apple.dt.CommandLineTools.installondemand.in-progress
	say "the Command Line Tools are missing: installing them, which takes some minutes"
	[ "$dry_run" = no ] || return 0
	touch "$marker"
	label=$(softwareupdate --list 2>/dev/null | sed -n 's/^.*Label: \(Command Line Tools.*\)$/\1/p' | sort -V | tail -n 1)
	[ -z "$label" ] || softwareupdate --install "$label" --agree-to-license || true
	rm -f "$marker"
	developer_tools || fail "the Command Line Tools could not be installed without a dialog" \
		"run: xcode-select --install   then run this again"
}

prepare_macos() {
	[ "$(id -u)" != 0 ] || fail "run this as yourself, not as root" "nothing here needs sudo on macOS"
	developer_tools || install_developer_tools
	for place in /opt/homebrew/bin /usr/local/bin; do
		command -v brew >/dev/null 2>&1 || ! [ -x "$place/brew" ] || PATH=$place:$PATH
	done
	command -v brew >/dev/null 2>&1 || fail "Homebrew is needed for the libraries that cooper uses" "see https://brew.sh"
	if ! HOMEBREW_NO_AUTO_UPDATE=1 brew bundle check --no-upgrade --file="$tree/Brewfile" >/dev/null 2>&1; then
		say "Homebrew packages that are missing will be installed: $(sed -n 's/^brew "\(.*\)"/\1/p' "$tree/Brewfile" | tr '\n' ' ')"
		consent "install them?" || fail "cooper cannot be compiled without them"
		run brew bundle install --no-upgrade --file="$tree/Brewfile"
	fi
}

prepare_linux() {
	libraries_linux
	run sh "$tree/packaging/liblzma.sh"
}

libraries_linux() {
	if command -v pkg-config >/dev/null 2>&1 && command -v make >/dev/null 2>&1 && command -v cc >/dev/null 2>&1 &&
		make -C "$tree" -s libraries >/dev/null 2>&1; then
		return 0
	fi
	say "packages that compiling needs are missing: packaging/host-packages.sh installs them"
	consent "install them?" || fail "cooper cannot be compiled without them"
	run sh "$tree/packaging/host-packages.sh" build
}

# --- the source ---

is_tree() { [ -f "$1/Makefile" ] && [ -d "$1/cmd/lib" ]; }

here() { # the source tree that this script lies in, or nothing: a piped script lies nowhere
	[ -f "$0" ] || return 0
	dir=$(cd "$(dirname "$0")" && pwd)
	if is_tree "$dir"; then printf '%s\n' "$dir"; fi
}

fetch_source() { # fetch_source URL HEX
	[ -n "$2" ] || fail "the source at '$1' has no digest" "give it with --sha256"
	say "fetching $1"
	mkdir -p "$tree"
	if [ "$dry_run" = yes ]; then return 0; fi
	curl -fsSL --retry 3 -o "$work/source.tar.gz" "$1" || fail "'$1' cannot be fetched"
	found=$(sha256_of "$work/source.tar.gz")
	[ "$found" = "$2" ] || fail "the digest of '$1' differs: it is $found and not $2" "nothing was unpacked"
	tar -xzf "$work/source.tar.gz" -C "$tree" --strip-components 1
}

# A copy, so that a checkout is not built in.
copy_source() {
	say "taking the source tree $1"
	is_tree "$1" || fail "'$1' is no source tree of cooper"
	mkdir -p "$tree"
	(cd "$1" && tar -cf - --exclude ./build --exclude ./.git .) | tar -xf - -C "$tree"
}

get_source() {
	case $source in
	"") fail "there is no release in this script" "run it in a source tree, or give --source" ;;
	http://* | https://* | file://*) fetch_source "$source" "$sha256" ;;
	*) copy_source "$source" ;;
	esac
}

# --- into the prefix, and out of it ---

manifest() { printf '%s/lib/cooper/installed.txt\n' "$prefix"; }

# Files first, then the folders that were not there before, deepest first.
remove_listed() { # remove_listed LIST
	sed -n 's/^file //p' "$1" | while IFS= read -r path; do rm -f "$prefix/$path"; done
	sed -n 's/^folder //p' "$1" | sort -r | while IFS= read -r path; do rmdir "$prefix/$path" 2>/dev/null || true; done
}

uninstall() {
	[ -f "$(manifest)" ] || fail "there is no cooper below '$prefix' that this script installed" "--prefix says where else to look"
	say "removing cooper from $prefix"
	if [ "$dry_run" = yes ]; then return 0; fi
	cp "$(manifest)" "$work/list"
	rm -f "$(manifest)"
	remove_listed "$work/list"
	rmdir "$prefix" 2>/dev/null || true
	data=${COOPER_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/cooper}
	[ ! -d "$data" ] || say "machines and downloads stay in $data; remove that folder if they are not wanted"
}

# Every file, and every folder that does not exist yet or that an earlier installation made.
list_stage() {
	(cd "$work/stage$prefix" && find . -type f -o -type l | sed 's|^\./|file |')
	echo "file lib/cooper/installed.txt"
	(cd "$work/stage$prefix" && find . -type d ! -name . | sed 's|^\./||') | while IFS= read -r path; do
		if ! [ -d "$prefix/$path" ] || { [ -f "$work/old" ] && grep -qxF "folder $path" "$work/old"; }; then
			printf 'folder %s\n' "$path"
		fi
	done
}

install_stage() {
	[ ! -f "$(manifest)" ] || cp "$(manifest)" "$work/old"
	list_stage >"$work/list"
	if [ -f "$work/old" ]; then
		grep -vxF -f "$work/list" "$work/old" >"$work/gone" || true
		remove_listed "$work/gone"
	fi
	# by rename, so that a running program is not changed under way
	sed -n 's/^file //p' "$work/list" | grep -vx lib/cooper/installed.txt | while IFS= read -r path; do
		mkdir -p "$prefix/$(dirname "$path")"
		cp -p "$work/stage$prefix/$path" "$prefix/$path.new" && mv -f "$prefix/$path.new" "$prefix/$path"
	done
	cp "$work/list" "$(manifest)"
}

build() {
	jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
	say "compiling, then installing below $prefix"
	if [ "$dry_run" = yes ]; then return 0; fi
	make -C "$tree" -s -j"$jobs" CONFIG=release all >"$work/log" 2>&1 ||
		{ tail -n 30 "$work/log" >&2; fail "compiling failed"; }
	make -C "$tree" -s CONFIG=release DESTDIR="$work/stage" PREFIX="$prefix" install >>"$work/log" 2>&1 ||
		{ tail -n 30 "$work/log" >&2; fail "installing failed"; }
	install_stage
	say "$("$prefix/bin/cooper" --version) is in $prefix/bin"
	case :$PATH: in
	*":$prefix/bin:"*) ;;
	*) say "put it into your PATH: export PATH=\"$prefix/bin:\$PATH\"" ;;
	esac
	say "next: cooper doctor, then cooper up"
}

main() {
	prefix=${HOME:?}/.local source='' sha256='' yes=no dry_run=no action=install
	while [ $# -gt 0 ]; do
		case $1 in
		--prefix | --source | --sha256) [ $# -ge 2 ] || fail "$1 needs a value" ;;
		esac
		case $1 in
		--prefix) prefix=$2; shift ;;
		--source) source=$2; shift ;;
		--sha256) sha256=$2; shift ;;
		--yes) yes=yes ;;
		--dry-run) dry_run=yes ;;
		--uninstall) action=uninstall ;;
		--help | -h) usage; return 0 ;;
		*) usage >&2; fail "unknown option '$1'" ;;
		esac
		shift
	done
	case $prefix in /*) ;; *) prefix=$(pwd)/$prefix ;; esac
	work=$(mktemp -d "${TMPDIR:-/tmp}/cooper-install.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT TERM HUP
	tree=$work/tree
	if [ "$action" = uninstall ]; then uninstall; return 0; fi
	[ -n "$source" ] || source=$(here)
	if [ -z "$source" ]; then source=$release_url sha256=$release_sha256; fi
	get_source
	case $(uname -s) in
	Darwin) prepare_macos ;;
	Linux) prepare_linux ;;
	*) fail "cooper runs on macOS and Linux, not on $(uname -s)" ;;
	esac
	build
}

# The last line, so that half a download does nothing.
main "$@"
