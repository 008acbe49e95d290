#!/usr/bin/env bash
# git: sources, as people meet them, from a repository of thousands of commits: file:// and smart HTTP through
# `git http-backend`. $COOPER is the program.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
cooper=${COOPER:-$PWD/build/release/cooper}
top=$PWD
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; chmod -R u+w "$work"; rm -rf "$work"' EXIT
# shellcheck source=tests/sources/lib.sh
. tests/sources/lib.sh
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@x

# 3,000 commits on main, two files each; `side` leaves main at the 1,000th; v1 is an annotated tag of the 2,000th.
repos=$work/repos
repo=$repos/big.git
mkdir -p "$repos"
git init -q --bare -b main "$repo"
python3 - <<'END' | git -C "$repo" fast-import --quiet
print("blob\nmark :1\ndata 21\n#!/bin/sh\necho hello\n")
for i in range(3000):
    print(f"commit refs/heads/main\nmark :{i + 10}\ncommitter a <a@x> {1600000000 + i} +0000\ndata 1\nc")
    if i == 0:
        print("M 100755 :1 hello\nM 120000 inline inside\ndata 5\nhello")
    text = f"file {i}\n" * 20
    print(f"M 100644 inline d{i % 50}/f{i % 700}\ndata {len(text)}\n{text}")
print("reset refs/heads/side\nfrom :1009\n\ntag v1\nfrom :2009\ntagger a <a@x> 1600009999 +0000\ndata 1\nt")
END
tip=$(git -C "$repo" rev-parse main) middle=$(git -C "$repo" rev-parse main~500) v1=$(git -C "$repo" rev-parse 'v1^{commit}')
url=file://$repo

from() { # from URL [MORE]: the recipe's source
	recipe "  - url: git:$1
$(printf '%s\n' "${@:2}" | sed 's/^/    /')"
}
again() { chmod -R u+w "$COOPER_HOME" 2>/dev/null; rm -rf "$COOPER_HOME" "$project/cooper.lock"; }
same_tree() { # same_tree COMMIT: the source tree is what git archive makes of it
	rm -rf "$work/expected"
	mkdir "$work/expected"
	git -C "$repo" archive "$1" | tar x -C "$work/expected"
	diff -r --no-dereference "$work/expected" "$COOPER_HOME/build/tiny/src" && [ -x "$COOPER_HOME/build/tiny/src/hello" ] &&
		[ "$(readlink "$COOPER_HOME/build/tiny/src/inside")" = hello ]
}
receipt_has() { cat "$COOPER_HOME"/store/*/receipt.json | grep -q "$1"; }

from "$url#$middle"
ends "a commit in the middle of history" 0 "" "$cooper" build --yes
ok "its tree is git's" same_tree "$middle"
ok "the receipt has the commit" receipt_has "\"commit\": \"$middle\""
ok "the receipt has git's tree id" receipt_has "\"tree\": \"$(git -C "$repo" rev-parse "$middle^{tree}")\""
ends "again: nothing to do" 0 "nothing to do" "$cooper" build --yes
before=$("$cooper" tool key build:tiny --stack "$project/cooper.yaml" | head -1)
from "$url#$tip"
ok "another commit is another key" [ "$before" != "$("$cooper" tool key build:tiny --stack "$project/cooper.yaml" | head -1)" ]
ends "another commit, from the copy that is there" 0 "" "$cooper" build --yes
ok "its tree is git's, too" same_tree "$tip"
ok "one copy per repository" [ "$(find "$COOPER_HOME/git" -maxdepth 1 -name '*.git' | wc -l)" = 1 ]

again
from "$url#$v1" "tag: v1"
ends "a commit and its tag" 0 "" "$cooper" build --yes
again
from "$url" "tag: v1"
ends "a tag alone: the lock pins it" 0 "" "$cooper" build --yes
ok "the lock has the commit" grep -q "git:$url#$v1" "$project/cooper.lock"
cp "$project/cooper.lock" "$work/lock"
git -C "$repo" tag -f v1 "$middle" >/dev/null 2>&1
again
cp "$work/lock" "$project/cooper.lock"
ends "the tag has moved: the lock is right, nothing is fetched" 4 "has moved: it is now $middle, and was pinned as $v1" "$cooper" build --yes
ok "nothing is installed" nothing_stored
again
from "$url" "tag: v1"
sed "s,\"url\": \"git:[^#]*,\"url\": \"git:file://$work/elsewhere," "$work/lock" >"$project/cooper.lock"
ends "a lock that names another repository" 4 "from elsewhere: 'git:file://$work/elsewhere#$v1'" "$cooper" build
ok "nothing is installed" nothing_stored
again
from "$url#$v1" "tag: v1"
ends "the tag has moved: the recipe is right" 4 "has moved" "$cooper" build --yes
from "$url#$v1" "tag: v9"
ends "no such tag" 1 "has no tag 'v9'" "$cooper" build --yes
from "$url" "tag: v9"
ends "no such tag, for the lock" 1 "has no tag 'v9'" "$cooper" build --yes

missing=0123456789012345678901234567890123456789
from "$url#$missing"
ends "a missing commit" 1 "has no commit $missing" "$cooper" build --yes
tree=$(git -C "$repo" rev-parse "$tip^{tree}")
from "$url#$tree"
ends "the id of a folder" 2 "is a tree" "$cooper" build --yes
for id in main v1 "${tip:0:12}" "$(echo "$tip" | tr a-f A-F)"; do
	from "$url#$id"
	ends "no commit id: $id" 2 "full commit id" "$cooper" build --yes
done
from "$url"
ends "no commit at all" 2 "needs a commit" "$cooper" build --yes
from "$url#$tip$(echo "$tip" | cut -c1-24)"
ends "an id of SHA-256" 2 "SHA-256 ids" "$cooper" build --yes
from "file://$work/nowhere#$tip"
ends "no repository" 1 "there is no git repository at" "$cooper" build --yes
mkdir -p "$work/plain"
from "file://$work/plain#$tip"
ends "a folder that is no repository" 1 "there is no git repository at" "$cooper" build --yes
from "ssh://host/x.git#$tip"
ends "a URL of another kind" 2 "https://, http:// or file:///" "$cooper" build --yes
from "https://no-such-host.invalid/x.git#$tip"
ends "an unknown host" 6 "no-such-host.invalid" "$cooper" build --yes
COOPER_OFFLINE=1 ends "offline" 6 "$tip  git:https://no-such-host.invalid/x.git" "$cooper" build --yes
from "https://no-such-host.invalid/x.git" "tag: v9"
ends "offline, and the lock lacks it" 6 "cannot be asked" "$cooper" build --yes --offline
ok "nothing was installed by any of these" nothing_stored

# Trees that must not be written, each a commit of its own.
blob=$(echo x | git -C "$repo" hash-object -w --stdin)
link() { printf '%s' "$1" | git -C "$repo" hash-object -w --stdin; }
hostile() { # hostile NAME STATUS TEXT TREE-LINES...
	local tree commit
	tree=$(printf '%s\n' "100755 blob $blob	hello" "${@:4}" | git -C "$repo" mktree --missing) || { failed=$((failed + 1)); return; }
	commit=$(git -C "$repo" commit-tree -m x "$tree")
	git -C "$repo" update-ref "refs/heads/h-$commit" "$commit"
	from "$url#$commit" "${more[@]:-exclude: [none]}"
	ends "$1" "$2" "$3" "$cooper" build --yes
	ok "$1: nothing outside" [ ! -e "$COOPER_HOME/build/tiny/escaped" ] && [ ! -e "$work/escaped" ]
}
more=()
hostile "a link that leads out" 4 "escaped" "120000 blob $(link ../../escaped)	out"
hostile "an absolute link" 4 "" "120000 blob $(link /etc/passwd)	out"
hostile "names that a Mac takes for one" 4 "HELLO" "100644 blob $blob	HELLO"
hostile "a submodule" 4 "'sub' is a submodule, and submodules are not fetched" "160000 commit $tip	sub"
more=("exclude: [sub]")
hostile "a submodule that is excluded" 0 "" "160000 commit $tip	sub"
more=("exclude: [out]")
hostile "a link that leads out and is excluded" 0 "" "120000 blob $(link ../../escaped)	out"
more=()
hostile "a link that stays inside" 0 "" "120000 blob $(link hello)	in"

# into a folder, beside another source
again
mkdir -p "$work/tiny-1" && printf '#!/bin/sh\necho hello\n' >"$work/tiny-1/hello"
tar czf "$work/tiny-1.tar.gz" -C "$work" tiny-1
recipe "  - url: file://$work/tiny-1.tar.gz
    sha256: $(sha256sum "$work/tiny-1.tar.gz" | cut -d' ' -f1)
  - url: git:$url#$tip
    into: deep/sub
    exclude: [d1/, inside]"
ends "into a folder, without some of it" 0 "" "$cooper" build --yes
ok "it is there" [ -x "$COOPER_HOME/build/tiny/src/deep/sub/hello" ]
ok "what is excluded is not" [ ! -e "$COOPER_HOME/build/tiny/src/deep/sub/d1" ]

# what nothing refers to any more
again
from "$url#$middle"
ends "an older commit" 0 "" "$cooper" build --yes
older=$(echo "$COOPER_HOME"/store/*-tiny-*)
from "$url#$tip"
ends "a newer one" 0 "" "$cooper" build --yes
ends "gc --dry-run lists the older result" 0 "store/$(basename "$older")" "$cooper" gc --dry-run
ok "and removes nothing" [ -e "$older" ]
ends "gc asks first" 2 "use --yes" "$cooper" gc
ends "gc" 0 "freed" "$cooper" gc --yes
ok "the older result is gone" [ ! -e "$older" ]
ends "gc again" 0 "is in use" "$cooper" gc --yes
ends "what is used is still there" 0 "nothing to do" "$cooper" build --yes
ok "the copy of the repository, too" [ -n "$(ls -d "$COOPER_HOME"/git/*.git)" ]

# Repositories on this computer, as people have them: right, or refused with what they are.
mini=$work/mini
git init -q -b main "$mini"
git -C "$mini" config uploadpack.allowFilter true
printf '#!/bin/sh\necho hello\n' >"$mini/hello" && chmod 755 "$mini/hello"
printf 'a\nb\n' >"$mini/lf"
printf 'a\r\nb\r\n' >"$mini/crlf"
echo "\$Id\$" >"$mini/ident"
printf '* text=auto eol=crlf\n*.x -text working-tree-encoding=UTF-16\nident ident\nsecret export-ignore\n' >"$mini/.gitattributes"
echo not exported >"$mini/secret"
ln -s hello "$mini/inside"
GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.autocrlf GIT_CONFIG_VALUE_0=false git -C "$mini" add -A 2>/dev/null
git -C "$mini" commit -qm 1
git -C "$mini" commit -qm 2 --allow-empty
c=$(git -C "$mini" rev-parse HEAD)
same_blobs() { # what is in the tree are the repository's bytes, whatever attributes and configuration say
	local path
	git -C "$mini" ls-tree -r --name-only "$c" | while read -r path; do
		[ -L "$COOPER_HOME/build/tiny/src/$path" ] ||
			git -C "$mini" cat-file blob "$c:$path" | cmp - "$COOPER_HOME/build/tiny/src/$path" || exit 1
	done && [ -f "$COOPER_HOME/build/tiny/src/secret" ]
}
on_disk() { # on_disk NAME STATUS TEXT PATH
	again
	from "file://$4#$c"
	ends "on disk: $1" "$2" "$3" "$cooper" build --yes
	[ "$2" != 0 ] || ok "on disk: $1: its tree" same_blobs
	[ "$2" = 0 ] || [ "$2" = 1 ] || ok "on disk: $1: it is a repository" sh -c "! grep -q 'there is no git repository' '$work/out'"
}
git config --global core.autocrlf true
git config --global core.eol crlf
on_disk "attributes, and the user's configuration" 0 "" "$mini"
rm -f "$HOME/.gitconfig"
git -C "$mini" worktree add -q "$work/beside" 2>/dev/null
on_disk "a further working tree" 0 "" "$work/beside"
git clone -q --separate-git-dir="$work/apart.git" "$mini" "$work/apart" 2>/dev/null
on_disk "a working tree whose repository is elsewhere" 0 "" "$work/apart"
git clone -q -s "$mini" "$work/borrowing" 2>/dev/null
on_disk "objects of another repository" 0 "" "$work/borrowing"
echo "$work/gone/objects" >"$work/borrowing/.git/objects/info/alternates"
on_disk "objects of a repository that is gone" 4 "has objects in '$work/gone/objects', which does not exist" "$work/borrowing"
git clone -q --bare "$mini" "$work/packed refs.git" 2>/dev/null
git -C "$work/packed refs.git" pack-refs --all
git -C "$work/packed refs.git" symbolic-ref HEAD refs/heads/unborn
on_disk "packed references, a name with a blank, a HEAD that leads nowhere" 0 "" "$work/packed%20refs.git"
git clone -q --depth 1 "file://$mini" "$work/shallow" 2>/dev/null
on_disk "a shallow clone" 2 "is a shallow clone" "$work/shallow"
ok "on disk: a shallow clone: the way out" git -C "$work/shallow" fetch -q --unshallow
on_disk "a shallow clone, made whole" 0 "" "$work/shallow"
git clone -q --bare --depth 1 "file://$mini" "$work/shallow.git" 2>/dev/null
on_disk "a bare shallow clone" 2 "is a shallow clone" "$work/shallow.git"
git clone -q --no-checkout --filter=blob:none "file://$mini" "$work/partial" 2>/dev/null
on_disk "a partial clone" 2 "is a partial clone" "$work/partial"
git init -q --object-format=sha256 "$work/sha256"
on_disk "SHA-256 ids" 2 "is a repository with SHA-256 ids" "$work/sha256"
git clone -q "$mini" "$work/headless" 2>/dev/null
rm "$work/headless/.git/HEAD"
on_disk "no HEAD" 4 "has no HEAD" "$work/headless"
git clone -q "$mini" "$work/emptied" 2>/dev/null
rm -rf "$work/emptied/.git/objects"/*
on_disk "no objects" 4 "has no objects" "$work/emptied"
git -C "$mini" bundle create -q "$work/b.bundle" --all 2>/dev/null
on_disk "a bundle" 2 "is a git bundle" "$work/b.bundle"
on_disk "a file" 1 "there is no git repository" "$work/tiny-1.tar.gz"
git init -q "$work/void"
on_disk "no commit" 1 "has no commit" "$work/void"

# Tags by all their names; where a branch has the same one, it is the tag that counts.
for tag in pkg/v1.2.3 @scope/pkg@1.2.3 release/1.0 same; do
	git -C "$mini" tag "$tag" "$c"
	[ $tag != same ] || git -C "$mini" branch same HEAD~1
	again
	from "file://$mini#$c" "tag: \"$tag\""
	ends "the tag $tag" 0 "" "$cooper" build --yes
	again
	from "file://$mini" "tag: \"$tag\""
	ends "the tag $tag, for the lock" 0 "" "$cooper" build --yes
	ok "the lock has its commit" grep -q "git:file://$mini#$c" "$project/cooper.lock"
	ends "the tag $tag, by the lock" 0 "nothing to do" "$cooper" build --yes
done
git -C "$mini" tag -a -m one annotated "$c"
git -C "$mini" tag -a -m two nested annotated 2>/dev/null
again
from "file://$mini" "tag: nested"
ends "a tag of a tag" 0 "" "$cooper" build --yes
ok "the lock has the commit" grep -q "#$c" "$project/cooper.lock"
from "file://$mini#$c" "tag: a..b"
ends "no name of a tag" 2 "'tag' is not a tag of git" "$cooper" build --yes

# strip, and pointers of Git LFS
again
mkdir -p "$mini/sub" && echo deep >"$mini/sub/deep"
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 12345\n' 7 >"$mini/sub/data.bin"
git -C "$mini" add -A 2>/dev/null && git -C "$mini" commit -qm 3
c=$(git -C "$mini" rev-parse HEAD)
from "file://$mini#$c"
ends "a pointer of Git LFS" 4 "'sub/data.bin' is a pointer of Git LFS" "$cooper" build --yes
ok "its digest is told" grep -q "sha256: 0*7'" "$work/out"
ok "nothing is installed" nothing_stored
from "file://$mini#$c" "exclude: [sub/data.bin]"
ends "a pointer of Git LFS, excluded" 0 "" "$cooper" build --yes
git -C "$mini" archive --prefix=mini-1/ -o "$work/mini.tar.gz" "$c"
recipe "  - url: file://$work/mini.tar.gz
    sha256: $(sha256sum "$work/mini.tar.gz" | cut -d' ' -f1)"
ends "a pointer of Git LFS in an archive" 0 "1 file is a pointer of Git LFS, without the content: 'sub/data.bin'" "$cooper" build --yes
from "file://$mini#$c" "strip: 1" "exclude: [data.bin]"
sed -i '/install, -m/d' "$project/recipes/tiny.yaml"
ends "strip" 0 "'strip: 1' leaves out 7 files with too short a name" "$cooper" build --yes
ok "what was below is there" [ "$(cat "$COOPER_HOME/build/tiny/src/deep")" = deep ]
ok "and nothing else" [ "$(ls -A "$COOPER_HOME/build/tiny/src")" = deep ]

# a patch that is fetched
again
cat >"$work/greet.patch" <<END
--- a/hello
+++ b/hello
@@ -1,2 +1,2 @@
 #!/bin/sh
-echo hello
+echo patched
END
from "$url#$tip"
cat >>"$project/recipes/tiny.yaml" <<END
patches:
  - url: file://$work/greet.patch
    sha256: $(sha256sum "$work/greet.patch" | cut -d' ' -f1)
    why: a test
    upstream: none
END
ends "a patch by URL" 0 "" "$cooper" build --yes
ok "it is applied" grep -q patched "$COOPER_HOME/build/tiny/src/hello"

# damage in our copy
again
from "$url#$tip"
ends "fetched" 0 "" "$cooper" build --yes
for f in "$COOPER_HOME"/git/*.git/objects/pack/*.pack; do
	chmod u+w "$f"
	python3 - "$f" <<'END'
import sys
with open(sys.argv[1], "r+b") as f:
    data = bytearray(f.read())
    for i in range(20000, len(data) - 20, 97):
        data[i] ^= 0x55
    f.seek(0)
    f.write(data)
END
done
chmod -R u+w "$COOPER_HOME/store" "$COOPER_HOME/build" && rm -rf "$COOPER_HOME/store" "$COOPER_HOME/build"
ends "a damaged copy" 4 "is fetched again" "$cooper" build --yes
rm -rf "$COOPER_HOME/git"
ends "the hint helps" 0 "" "$cooper" build --yes
ends "verify --deep reads it all" 0 "1 git repository" "$cooper" verify --deep
copy=$(echo "$COOPER_HOME"/git/*.git)
chmod u+w "$copy"/objects/pack/*.pack
python3 - "$copy"/objects/pack/*.pack <<'END'
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(20000)
    byte = f.read(1)[0]
    f.seek(20000)
    f.write(bytes([byte ^ 1]))
END
ends "verify --deep sees a bit that changed" 4 "has a damaged object" "$cooper" verify --deep
ok "the copy is dropped" [ ! -e "$copy" ]
chmod -R u+w "$COOPER_HOME/store" "$COOPER_HOME/build" && rm -rf "$COOPER_HOME/store" "$COOPER_HOME/build"
ends "and fetched anew" 0 "" "$cooper" build --yes
ends "verify --deep: all is well" 0 "0 damaged" "$cooper" verify --deep

# --- smart HTTP ---
GIT_CONFIG_GLOBAL=/dev/null python3 "$top/tests/fakes/git_http.py" "$work/port" "$repos" "$work/log" &
server=$!
for _ in $(seq 100); do [ -e "$work/port" ] && break; sleep 0.05; done
web=http://127.0.0.1:$(cat "$work/port")
again
from "$web/big.git#$tip"
ends "HTTP: the tip of a branch" 0 "" "$cooper" build --yes
ok "HTTP: its tree is git's" same_tree "$tip"
ok "HTTP: one conversation" [ "$(grep -c 'info/refs' "$work/log")" = 1 ]
again
from "$web/big.git#$middle"
ends "HTTP: a commit that the server gives only with its branch" 0 "" "$cooper" build --yes
ok "HTTP: its tree is git's, too" same_tree "$middle"
again
git -C "$repo" config uploadpack.allowReachableSHA1InWant true
: >"$work/log"
ends "HTTP: a commit that the server gives by itself" 0 "" "$cooper" build --yes
ok "HTTP: one conversation for it" [ "$(grep -c 'info/refs' "$work/log")" = 1 ]
again
from "$web/big.git#$missing"
ends "HTTP: a missing commit" 1 "has no commit" "$cooper" build --yes
from "$web/none.git#$tip"
ends "HTTP: no repository" 1 "there is no git repository at" "$cooper" build --yes
again

# A file and two repositories: the server ends no answer before it was asked for all three.
cp -r "$repo" "$repos/one.git"
cp -r "$repo" "$repos/two.git"
cp "$work/tiny-1.tar.gz" "$repos/"
recipe "  - url: $web/meet/tiny-1.tar.gz
    sha256: $(sha256sum "$work/tiny-1.tar.gz" | cut -d' ' -f1)
  - url: git:$web/meet/one.git#$tip
    into: one
  - url: git:$web/meet/two.git#$tip
    into: two
  - url: git:$web/meet/one.git#$middle
    into: three"
ends "HTTP: all at once" 0 "" "$cooper" build --yes
for name in one two three; do
	ok "HTTP: $name is there" [ -x "$COOPER_HOME/build/tiny/src/$name/hello" ]
done
ok "HTTP: nobody waited for a lock" sh -c "! grep -q waiting: '$work/out'"
again
recipe "  - url: $web/none.tar.gz
    sha256: $(printf none | sha256sum | cut -d' ' -f1)
  - url: git:$web/big.git#$tip
    into: one"
ends "HTTP: a file that is not there" 6 "none.tar.gz" "$cooper" build --yes
ok "HTTP: the commit has come all the same" [ -n "$(ls -d "$COOPER_HOME"/git/*.git)" ]
again
from "$web/silent/big.git#$tip"
began=$(date +%s)
COOPER_STALL_SECONDS=1 ends "HTTP: a server that says nothing" 6 "sent nothing for 2 s" "$cooper" build --yes
ok "HTTP: it is given up in time" [ $(($(date +%s) - began)) -lt 10 ]
again
cp -r "$work/shallow.git" "$repos/shallow.git"
git init -q --bare --object-format=sha256 "$repos/sha256.git"
git -C "$work/sha256" commit -q --allow-empty -m x && git -C "$work/sha256" push -q "$repos/sha256.git" HEAD:refs/heads/main
for name in shallow sha256; do
	from "$web/$name.git#$c"
	ends "HTTP: $name" 2 "is shallow, or has SHA-256 ids" "$cooper" build --yes
done
from "$web/chatter/big.git#$tip"
COOPER_STALL_SECONDS=1 ends "HTTP: a server that only talks" 6 "sent less than 512 bytes a second for 8 s" "$cooper" build --yes
from "$web/silent/big.git#$tip"
ends "HTTP: interrupted" 130 "" timeout --preserve-status --foreground -s INT 1 "$cooper" build --yes
finish
