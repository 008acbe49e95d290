#!/bin/sh
# install.sh in scratch homes: from a tree, twice, updated, from a URL through a pipe; what it refuses; --uninstall leaves
# nothing. Needs what compiling needs, curl, python3, git. About half a minute.
set -u
cd "$(dirname "$0")/../.." || exit 1
top=$(pwd)
passed=0 failed=0
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
ccache=${CCACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ccache}
unset CI COOPER_HOME COOPER_RECIPES XDG_DATA_HOME

check() { # check NAME COMMAND...
	name=$1
	shift
	if "$@" >"$work/check" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL: $name"
		tail -n 5 "$work/check" "$work/out" 2>/dev/null
	fi
}

here() { # here COMMAND...: with the scratch home, no terminal, and little else
	env -i HOME="$work/home" PATH="/usr/lib/ccache:/usr/bin:/bin" TMPDIR="$work/tmp" CCACHE_DIR="$ccache" CCACHE_NOHASHDIR=1 \
		"$@" </dev/null >"$work/out" 2>&1
}

says() { grep -q -- "$1" "$work/out"; }
refuses() { ! here "$@"; }
nothing_left() { [ -z "$(find "$work/home" "$work/tmp" -mindepth 1)" ]; }
fresh() { rm -rf "${work:?}/home" "$work/tmp" && mkdir -p "$work/home" "$work/tmp"; }
same_home() { (cd "$work/home" && find . -type f | sort) >"$work/after" && cmp "$work/before" "$work/after"; }

# --- from a tree ---
fresh
check "a dry run" here sh install.sh --dry-run
check "a dry run does nothing" nothing_left
check "from a tree" here sh install.sh
check "the program runs" here "$work/home/.local/bin/cooper" --version
check "it finds its recipes" here "$work/home/.local/bin/cooper" lint
check "and decides for a Mac" refuses "$work/home/.local/bin/cooper" plan podman --host macos/arm64
check "as it should" says "build qemu"
check "nothing but the prefix is written" [ "$(cd "$work/home" && ls -A)" = .local ]
(cd "$work/home" && find . -type f | sort) >"$work/before"
check "a second time" here sh install.sh
check "the same files" same_home

# --- an update that has fewer files ---
mkdir "$work/newer" && git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$work/newer"
rm "$work/newer/recipes/podman.yaml"
check "an update, from a folder that is named" here sh install.sh --source "$work/newer"
check "what it no longer has is gone" [ ! -e "$work/home/.local/lib/cooper/recipes/podman.yaml" ]
check "the rest is there" [ -e "$work/home/.local/lib/cooper/recipes/podman-debian.yaml" ]
mkdir -p "$work/home/.local/share/cooper" && touch "$work/home/.local/bin/of-the-user"
check "uninstall" here sh install.sh --uninstall
check "says where data stays" says "stay in $work/home/.local/share/cooper"
check "a file of the user's stays" [ -e "$work/home/.local/bin/of-the-user" ]
rm -r "$work/home/.local/bin/of-the-user" "$work/home/.local/share/cooper"
check "and nothing else" [ -z "$(find "$work/home" -type f)" ]
check "uninstall again is refused" refuses sh install.sh --uninstall

# --- a release, through a pipe ---
fresh
mkdir "$work/site" "$work/repo" && cp -R "$work/newer/." "$work/repo" && cd "$work/repo" || exit 1
cp "$top/recipes/podman.yaml" recipes/
git init -q && git add -A && git -c user.name=t -c user.email=t@example.org commit -qm t
: >"$work/port"
python3 -u -m http.server --bind 127.0.0.1 --directory "$work/site" 0 >"$work/port" 2>"$work/server-log" &
server=$!
tries=0
while [ $tries -lt 100 ]; do
	tries=$((tries + 1))
	port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$work/port")
	[ -z "$port" ] || break
	sleep 0.2
done
check "make dist" make -s dist URL="http://127.0.0.1:$port"
cp build/dist/* "$work/site/"
check "from a release, through a pipe" here sh -c "curl -fsSL http://127.0.0.1:$port/install.sh | sh"
check "the program runs" here "$work/home/.local/bin/cooper" --version
check "uninstall through a pipe" here sh -c "curl -fsSL http://127.0.0.1:$port/install.sh | sh -s -- --uninstall"
check "leaves nothing" nothing_left
for archive in "$work"/site/*.tar.gz; do printf x >>"$archive"; done
check "a release that was tampered with is refused" refuses sh -c "curl -fsSL http://127.0.0.1:$port/install.sh | sh"
check "with both digests" says "differs: it is"
check "and nothing is written" nothing_left
cd "$top" || exit 1

# --- on a Mac: what would be done, with the programs that it asks answering as there ---
fresh
mkdir "$work/mac"
fake() { # fake NAME SCRIPT
	printf '#!/bin/sh\n%s\n' "$2" >"$work/mac/$1" && chmod +x "$work/mac/$1"
}
on_mac() { here env PATH="$work/mac:/usr/bin:/bin" sh install.sh --dry-run; }
not_on_mac() { ! on_mac; }
fake uname 'echo Darwin'
fake id 'echo 501'
fake xcode-select 'exit 2'
# shellcheck disable=SC2016  # the fake's own variables
fake brew 'case $1 in --prefix) echo /opt/homebrew ;; bundle) [ "$2" != check ] ;; esac'
check "a Mac without the Command Line Tools" on_mac
check "installs them" says "installing them"
check "and the Brewfile's packages" says "brew bundle install --no-upgrade"
check "no sudo" sh -c "! grep -q sudo '$work/out'"
mkdir -p "$work/mac/tools/usr/bin" && touch "$work/mac/tools/usr/bin/git"
fake xcode-select "echo '$work/mac/tools'"
# shellcheck disable=SC2016  # the fake's own variables
fake brew 'case $1 in --prefix) echo /opt/homebrew ;; esac'
check "a Mac that has everything" on_mac
check "installs no packages" sh -c "! grep -q 'brew bundle' '$work/out'"
rm "$work/mac/brew"
check "a Mac without Homebrew is refused" not_on_mac
check "says where it is" says "https://brew.sh"
fake id 'echo 0'
check "root on a Mac is refused" not_on_mac
check "says why" says "as yourself"

# --- what is refused ---
check "a URL without a digest" refuses sh install.sh --source "http://127.0.0.1:$port/x.tar.gz"
check "says so" says "has no digest"
check "a folder that is no source tree" refuses sh install.sh --source /usr
check "an unknown option" refuses sh install.sh --frobnicate
check "a piped script without a release" refuses sh -c "sh -s <'$top/install.sh'"
check "says what to do" says "give --source"
check "nothing is left of all that" nothing_left

echo "install: $passed passed, $failed failed"
[ "$failed" = 0 ]
