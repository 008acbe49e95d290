#!/bin/sh
# The rules that a compiler does not check. Prints each breach; ends with a line of totals.
set -u
cd "$(dirname "$0")/../.." || exit 1
totals=$(mktemp)
trap 'rm -f "$totals"' EXIT
check() { # check NAME: standard input holds the breaches
	breaches=$(cat)
	if [ -z "$breaches" ]; then
		echo passed >>"$totals"
	else
		echo failed >>"$totals"
		printf 'lint: %s\n%s\n' "$1" "$breaches" | sed '2,$s/^/  /'
	fi
}

sources=$(git ls-files --cached --others --exclude-standard 'cmd/*.c' 'cmd/*.h' | sort)

# A file includes only its own layer and lower ones.
# shellcheck disable=SC2086  # lists of file names
awk '
function layer(path,  part) {
	if (path ~ /^cmd\/cooper\//) return 99
	part = path; sub(/^cmd\/lib\//, "", part); sub(/\/.*/, "", part)
	return part in order ? order[part] : -1
}
BEGIN { n = split("base sys fmt tree patch net recipe store source build guest image machine host step plan", names, " "); for (i = 1; i <= n; i++) order[names[i]] = i - 1 }
/^#include "/ {
	included = $2; gsub(/"/, "", included)
	if (included !~ /\//) { if (layer(FILENAME) != 99) print FILENAME ": " included " is not named by its layer"; next }
	if (layer("cmd/lib/" included) > layer(FILENAME)) print FILENAME ": looks up to " included
}' $sources | check "layers look down"

# Each third-party library is included by exactly one file; libcurl by two (downloads, and APIs over unix sockets), and
# libarchive by two (reading, and writing).
for header in curl/curl.h yaml.h openssl/ archive.h lzma.h jansson.h zlib.h git2.h utf8proc.h; do
	# shellcheck disable=SC2086
	users=$(grep -lE "^#include <$header" $sources)
	[ "$(echo "$users" | grep -vxE 'cmd/lib/(net/http_local|fmt/archive_write).c' | grep -c .)" -le 1 ] || printf '%s\n' "$header: $users"
done | check "one includer per library"

# shellcheck disable=SC2086
grep -lE '^#include <(curl|yaml|openssl|archive|lzma|jansson|zlib|git2|utf8proc)' $sources | grep '\.h$' | check "no third-party type in a header"

# shellcheck disable=SC2086
grep -nE '(^|[^a-zA-Z0-9_>.])(strcpy|strcat|sprintf|strncpy|strtok|atoi|strtol|gmtime|localtime|ctime|mktemp|system|popen|alloca|setenv|signal)\(' $sources |
	grep -vE ':[[:space:]]*(\*|/\*|//)' | check "banned functions"

# Only a monitor's own files know how it is driven: all else goes through machine/vmm.h.
# shellcheck disable=SC2086
grep -nE '^#include "(net/qmp|machine/argv|machine/qemu_[a-z]*|machine/vmm_qemu)\.h"' $sources |
	grep -vE '^cmd/lib/(net/qmp|machine/(argv|qemu_[a-z]*|vmm_qemu|vmm_list))\.[ch]:' | check "monitors behind machine/vmm.h"

# Platform differences live in sys/os_*.c alone.
# shellcheck disable=SC2086
grep -nE '^#[[:space:]]*(if|ifdef|ifndef|elif).*(__APPLE__|__linux__|__MACH__|TARGET_OS)' $sources | grep -v '^cmd/lib/sys/os_' | check "#if on platform only in sys/os_*.c"

# shellcheck disable=SC2086
grep -nE '(^|[^a-zA-Z0-9_])(pipe2|accept4|SOCK_CLOEXEC|epoll_create1?|memfd_create|O_TMPFILE|renameat2|strchrnul|memrchr|st_mtim|qsort_r|getrandom|execvpe|PR_SET_PDEATHSIG)([^a-zA-Z0-9_]|$)' $sources |
	grep -vE '^cmd/lib/sys/os_linux[a-z_]*.c|:[0-9]+:(/\*| \*)' | check "calls that macOS lacks only in sys/os_linux*.c"

# A list that could not be read to its end must never pass for a short one: one reader, which looks at errno.
# shellcheck disable=SC2086
grep -nE '(^|[^a-zA-Z0-9_])(opendir|fdopendir|readdir|readdir_r|scandir|fts_open|nftw)\(' $sources | grep -v '^cmd/lib/sys/file.c:' | check "folders are read in sys/file.c alone"

# What could not be seen must never pass for what is not there: sys/file.h answers with an error. By descriptor or below
# one, the callers look at errno themselves.
# shellcheck disable=SC2086
grep -nE '(^|[^a-zA-Z0-9_>.])(stat|lstat|access|faccessat|euidaccess)\(' $sources | grep -vE '^cmd/lib/sys/|:[0-9]+:[[:space:]]*(\*|/\*|//)' | check "what is there is asked of sys/file.h"
# shellcheck disable=SC2086
grep -n 'file_offered(' $sources | grep -vE '^cmd/lib/(sys/|host/|build/(developer_tools|toolchain)\.c|source/debian\.c)' | check "guesses only at the host's own places"

# A child that does not exec is a copy of a process with threads, of locks that nobody will open: children come from
# sys/child.c, and all of them are waited for there (and by the guard).
# shellcheck disable=SC2086
grep -nE '(^|[^a-zA-Z0-9_])(fork|vfork|posix_spawnp?|waitpid|waitid|wait[34])\(' $sources | grep -vE '^cmd/lib/sys/(child|os_[a-z_]*)\.c:' | check "children are started and waited for in sys/"

# Names of architectures and operating systems stand in their tables alone (arch.def, os_name.c); texts.c has examples for
# the reference page. Prose may name them.
names='x86_64|x86-64|amd64|aarch64|arm64|armhf|armv7l?|i[36]86|riscv64|ppc64[el]+|s390x|macos|linux|darwin'
# shellcheck disable=SC2086
awk -v names="\"($names)\"" '{code = $0; sub(/\/\*.*/, "", code); sub(/^[ \t]*\*.*/, "", code)}
code ~ names && FILENAME !~ /(base\/os_name|recipe\/texts)\.c$/ {print FILENAME ":" FNR ": " $0}' $sources |
	check "architectures and operating systems in their tables"

# shellcheck disable=SC2086
wc -l $sources | awk '$2 != "total" && $1 > 600 {print $2 ": " $1 " lines"}' | check "files of at most 600 lines"
# shellcheck disable=SC2086
wc -l $sources | awk '$2 != "total" && $1 > 400 {print $2}' | while read -r file; do
	grep -qF "\`${file#cmd/}\`:" cmd/README.md || echo "$file: over 400 lines, and cmd/README.md does not say why it is one thing"
done | check "a reason for each file of more than 400 lines"
# shellcheck disable=SC2086
wc -l $sources | awk '$2 != "total" {print $1}' | sort -n |
	awk '{n[NR] = $1} END {m = n[int((NR + 1) / 2)]; if (m > 200) print m " lines"}' | check "median of at most 200 lines"

# The status of what was tried is gone when the name of the result runs something: such a test cannot fail.
grep -nE '^[[:space:]]*result .*\$\(.* \$\?' tests/e2e/*.sh tests/scripted/*.sh | check "a result's status is kept before its name is made"

# A file and its header are one; what one includes never leads back to it. tsort names what it finds in a circle.
# shellcheck disable=SC2086
awk '/^#include "/ {
	from = FILENAME; sub(/^cmd\/lib\//, "", from); sub(/\.[ch]$/, "", from)
	to = $2; gsub(/"/, "", to); sub(/\.h$/, "", to)
	if (to !~ /\//) to = "cmd/cooper/" to
	if (to != from) print from, to
}' $sources | tsort 2>&1 >/dev/null | grep -v 'input contains a loop' | sed 's/^tsort: //' | check "no circle of files"
echo "$sources" | grep -E '/util[s]?\.[ch]$' | check "no file is called util"

# Headers compile alone, and say what they are first.
# shellcheck disable=SC2016  # the inner shell expands
echo "$sources" | grep '\.h$' | xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 8 sh -c '
	for h; do
		${CC:-cc} -std=c17 -D_GNU_SOURCE -iquote cmd/lib -iquotecmd/cooper -x c -fsyntax-only "$h" 2>&1 | head -3
		[ "$(head -c 2 "$h")" = "/*" ] || echo "$h: no opening comment"
	done' sh | check "headers compile alone and open with a comment"

if command -v shellcheck >/dev/null 2>&1; then
	git ls-files --cached --others --exclude-standard '*.sh' .ci/run | grep -v dracut/modules.d | xargs shellcheck -f gcc 2>&1 | head -20 | check "shellcheck"
fi

# What a Mac runs has BSD tools, bash 3.2 as sh, and GNU make 3.81: no timeout, no sed -i or \t in sed, no .ONESHELL.
gnu_tools='sha256sum|sha512sum|nproc|timeout|realpath|tac|numfmt|ldd|dpkg[a-z-]*|apt-get|sed -i|stat -c|readlink -f|date -d|xargs -r|grep -[a-zA-Z]*P|head -n -|base64 -w|cp (-a|--[a-z])|find [^|]*-printf|touch -d|install -D|mktemp --'
for file in install.sh packaging/host-packages.sh packaging/macos-first-run.sh packaging/dist.sh tests/run-unit.sh \
	tests/golden/errors.sh tests/golden/hosts.sh tests/cli/*.bats tests/cli/lib.bash Makefile; do
	grep -nE "(^|[^a-zA-Z0-9_/.-])($gnu_tools)([^a-zA-Z0-9_-]|\$)|sed [^|]*[^\\]\\\\t" "$file" |
		grep -vE '^[0-9]+:[[:space:]]*(#|echo|printf|@echo)|shasum|as_root|dpkg-query|libc6-dev|nodejs|nginx-light|command -v apt-get' | sed "s,^,$file:,"
done | check "only BSD's tools in what a Mac runs"
grep -nE '^\.(ONESHELL|SHELLFLAGS|RECIPEPREFIX)|&:|::=|!=|\$\(file |^(undefine|load) ' Makefile | check "nothing newer than GNU make 3.81"

# Each library that is linked comes from the Brewfile and from the formula.
brews=$(sed -n 's/^PACKAGES := //p' Makefile | tr ' ' '\n' |
	sed 's/^libcurl$/curl/; s/^yaml-.*/libyaml/; s/^libcrypto$/openssl@3/; s/^liblzma$/xz/; s/^libutf8proc$/utf8proc/')
for brew in $brews pkgconf gnupg; do
	grep -qx "brew \"$brew\"" Brewfile || echo "Brewfile: no $brew"
	grep -q "depends_on \"$brew\"" packaging/homebrew/cooper.rb.in || echo "packaging/homebrew/cooper.rb.in: no $brew"
done | check "Homebrew's packages"

# What works with which container client is what its suite tries.
bash tests/e2e/clients/table.sh --check 2>&1 | check "docs/clients.md and tests/e2e/clients.sh"

failed=$(grep -c failed "$totals")
echo "lint: $(grep -c passed "$totals") passed, $failed failed"
[ "$failed" = 0 ]
