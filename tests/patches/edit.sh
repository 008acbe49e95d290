#!/usr/bin/env bash
# `cooper patch edit` and `patch save`: a recipe of our own with patches of every style, then Debian's qemu series (needs
# apt's network). What nobody touched keeps every byte; what was changed keeps its header; what is new is named and told.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/patches/lib.sh
cooper=$(readlink -f "${COOPER:-build/release/cooper}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export COOPER_HOME=$work/home GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_NAME=me GIT_AUTHOR_EMAIL=me@here GIT_COMMITTER_NAME=me GIT_COMMITTER_EMAIL=me@here
umask 022
passed=0 failed=0
out=

check() { # check WHAT COMMAND...
	local what=$1
	shift
	if "$@" >/dev/null 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED %s\n%s\n' "$what" "$out"
	fi
}
says() { grep -qF -- "$1" <<<"$out"; }
edit() { rm -rf "$work/tree" && out=$("$cooper" patch edit "$work/p/recipes/p.yaml" -d "$work/tree" "$@" 2>&1); }
save() { out=$("$cooper" patch save -d "$work/tree" 2>&1); }
twice() { ! out=$("$cooper" patch edit "$work/p/recipes/p.yaml" -d "$work/tree" 2>&1) && says 'is not empty'; }
untouched() { diff -r "$work/p/patches" "$work/before"; }
others_untouched() { [ "$(diff -rq "$work/p/patches" "$work/before" | grep -vcF "$1")" = 0 ]; }
refuses() { ! save && says "$1"; }
saves_six() { save && says '6 patches untouched, 0 written, 0 new' && ! says 'added to'; }
saves_nothing() { save && says '5 patches untouched, 0 written, 0 new'; }

# recipe ARCHIVE NAME... - a project with the patches p/NAME, and what they change without bytes excluded
recipe() {
	local archive=$1 name holes
	shift
	printf 'kind: build\nname: p\nversion: "1"\nlicense: MIT\nsource:\n  - url: file://%s\n    sha256: %s\npatches:\n' "$archive" \
		"$(sha256sum "$archive" | cut -d' ' -f1)" >"$work/p/recipes/p.yaml"
	for name; do
		printf '  - file: p/%s\n    why: a test\n    upstream: none\n' "$name"
		[[ $name = *p0* ]] && echo '    strip: 0'
		holes=$(sed -nE 's#^Binary files .* and [^/]+/(.*) differ$#\1#p' "$work/p/patches/p/$name" | paste -sd,)
		[ -z "$holes" ] || echo "    exclude: [$holes]"
	done >>"$work/p/recipes/p.yaml"
	printf 'build: [["true"]]\ninstall: [["true"]]\n' >>"$work/p/recipes/p.yaml"
	rm -rf "$work/before"
	cp -a "$work/p/patches" "$work/before"
}

mkdir -p "$work/p/recipes" "$work/p/patches/p" "$work/s/src-1/d"
(
	cd "$work/s/src-1" || exit 1
	seq 1 40 >f && seq 1 40 >g && seq 100 130 >d/h && echo '*.o' >.gitignore && echo o >d/x.o
	cd "$work/s" && tar cf "$work/src.tar" src-1
	cd "$work/p/patches/p" || exit 1
	printf 'From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: =?UTF-8?q?J=C3=B6?= <j@x>\nSubject: [PATCH 1/9] A mail\n\nBody.\n---\n f | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\ndiff --git a/f b/f\nindex 1234567..89abcde 100644\n--- a/f\n+++ b/f\n@@ -4,3 +4,3 @@\n 4\n-5\n+five\n 6\n-- \n2.30.2\n\n' >0001-mail.patch
	printf 'Description: plain\n of two lines\nAuthor: B <b@x>\n\n--- a/g\n+++ b/g\n@@ -2,3 +2,4 @@ 1\n 2\n+new\n 3\n 4\n' >0002-plain.patch
	printf -- '--- g.orig\n+++ g\n@@ -21,3 +21,3 @@\n 20\n-21\n+twenty-one\n 22\n' >0003-p0.patch
	printf 'diff --git a/d/h b/d/k\nsimilarity index 100%%\nrename from d/h\nrename to d/k\n' >0004-rename.patch
	printf 'no title\r\n--- a/f\r\n+++ b/f\r\n@@ -28,3 +28,3 @@\r\n 28\r\n-29\r\n+XXIX\r\n 30\r\n' >0005-crlf.patch
) || exit 1
recipe "$work/src.tar" 0001-mail.patch 0002-plain.patch 0003-p0.patch 0004-rename.patch 0005-crlf.patch

check 'edit' edit
check 'a commit per patch' [ "$(git -C "$work/tree" rev-list --count HEAD)" = 6 ]
check 'ignored files are sources, too' git -C "$work/tree" cat-file -e HEAD:d/x.o
check 'save' save
check 'nothing changed, nothing written' untouched
check 'not twice into one folder' twice

# Changes above an untouched patch move its lines, not its file.
check 'edit, stopping at a patch' edit 0002-plain.patch
check 'it stands there' [ "$(git -C "$work/tree" log -1 --format=%s)" = plain ]
check 'no save while the rebase waits' refuses 'a git rebase is in progress'
(cd "$work/tree" && sed -i 's/^new$/newer\nand more/' g && git commit -qa --amend --no-edit && git rebase --continue) >/dev/null 2>&1
echo loose >>"$work/tree/f"
check 'no save of loose changes' refuses 'has uncommitted changes'
git -C "$work/tree" checkout -q f
git -C "$work/tree" am -q "$work/p/patches/p/0001-mail.patch" >/dev/null 2>&1
check 'no save in the middle of git am' refuses 'a git am is in progress'
git -C "$work/tree" am --abort
check 'save one' save
check 'one was written' says '4 patches untouched, 1 written, 0 new'
check 'only that one' others_untouched 0002-plain.patch
check 'its header is kept' cmp -s <(head -4 "$work/before/p/0002-plain.patch") <(head -4 "$work/p/patches/p/0002-plain.patch")
check 'plain as it was' [ "$(grep -c ^diff "$work/p/patches/p/0002-plain.patch")" = 0 ]
check 'the same again changes nothing' saves_nothing
cp -a "$work/tree" "$work/edited"
check 'edit from what was written' edit
check 'the same tree' diff -r --exclude=.git "$work/tree" "$work/edited"

# A mail keeps its head and its signature; a patch of strip 0 has no prefixes; a new one gets the next number.
cp -a "$work/p/patches/." "$work/before/"
check 'edit, stopping at the first' edit 0001-mail.patch
(cd "$work/tree" && sed -i 's/^five$/cinq/' f && git commit -qa --amend --no-edit && git rebase --continue) >/dev/null 2>&1
(cd "$work/tree" && sed -i 's/^20$/twenty/' g && git add g &&
	git commit -q --fixup "$(git log --format=%H --grep='Cooper-Patch: p/0003')" &&
	git -c sequence.editor=: rebase -q -i --autosquash cooper-base) >/dev/null 2>&1
(cd "$work/tree" && echo z >z && git add z && git commit -qm 'Add z (the last)
' -m 'For a reason.') >/dev/null
check 'save three' save
check 'three' says '3 patches untouched, 2 written, 1 new'
check 'the recipe, too' says "added to $work/p/recipes/p.yaml: p/0006-add-z-the-last.patch after p/0005-crlf.patch"
check 'with an entry' grep -qxF '  - file: p/0006-add-z-the-last.patch' "$work/p/recipes/p.yaml"
check 'the same again is no change' saves_six
(cd "$work/tree" && echo y >y && git add y && git commit -qm 'Add y') >/dev/null
cp "$work/tree/.git/cooper.json" "$work/state" && cp "$work/p/recipes/p.yaml" "$work/recipe"
check 'save one more' save
cp "$work/state" "$work/tree/.git/cooper.json" && cp "$work/recipe" "$work/p/recipes/p.yaml"
check 'save after one that was cut short' save
check 'the recipe names it' grep -qF 0007-add-y.patch "$work/p/recipes/p.yaml"
(cd "$work/tree" && git reset -q --hard HEAD~) >/dev/null
check 'save without it' save
check 'the recipe as before' cmp "$work/recipe" "$work/p/recipes/p.yaml"
rm "$work/p/patches/p/0007-add-y.patch"
check 'the recipe as it is made is one that is read' edit
check 'head and tail of the mail' cmp -s <(sed '/^index/d; s/five/cinq/' "$work/before/p/0001-mail.patch") <(sed '/^index/d; s/^@@.*/@@ -4,3 +4,3 @@/' "$work/p/patches/p/0001-mail.patch" | sed '/^ [1237-9]$/d')
check 'no prefix at strip 0' grep -qx -- '--- g' "$work/p/patches/p/0003-p0.patch"
check 'a mail of its own' grep -qx 'Subject: \[PATCH\] Add z (the last)' "$work/p/patches/p/0006-add-z-the-last.patch"
rm -rf "$work/edited"
cp -a "$work/tree" "$work/edited"
recipe "$work/src.tar" 0001-mail.patch 0002-plain.patch 0003-p0.patch 0004-rename.patch 0005-crlf.patch 0006-add-z-the-last.patch
check 'edit with the new one' edit
check 'the same tree again' diff -r --exclude=.git "$work/tree" "$work/edited"
(cd "$work/tree" && git -c sequence.editor='sed -i.bak -e /rename/d' rebase -q -i cooper-base) >/dev/null 2>&1
check 'one dropped' save
check 'it is told' says "removed from $work/p/recipes/p.yaml: p/0004-rename.patch (its commit is gone; its file stays)"
check 'the recipe has it no longer' [ "$(grep -c 0004-rename "$work/p/recipes/p.yaml")" = 0 ]
check 'its file stays' untouched

# What git does by itself to words, bytes and orders must not reach a patch; what looks the same is not always the same.
(
	rm -rf "$work/p/patches/p" && mkdir "$work/p/patches/p" "$work/s/src-2"
	cd "$work/s/src-2" || exit 1
	for _ in 1 2 3; do printf 'begin\n{\n\ta;\n\tb;\n}\nend\n'; done >f
	printf '*.bat text eol=crlf\n*.txt -diff\n' >.gitattributes && printf '1\r\n2\r\n3\r\n' >x.bat && seq 1 40 >g.txt
	cd "$work/s" && tar cf "$work/odd.tar" src-2
	cd "$work/p/patches/p" || exit 1
	printf 'Description: odd words  \n\n\n\n more\n# HG changeset\n\n--- a/f\n+++ b/f\n@@ -3,2 +3,3 @@\n \ta;\n+\tnew;\n \tb;\n' >odd.patch
	printf 'two\n\n--- a/g.txt\n+++ b/g.txt\n@@ -2,2 +2,3 @@\n 2\n+new\n 3\n' >two.patch
	printf 'bat\n\n--- a/x.bat\n+++ b/x.bat\n@@ -2 +2 @@\n-2\r\n+two\r\n' >bat.patch
) || exit 1
head_kept() { cmp -s <(head -9 "$work/before/p/odd.patch") <(head -9 "$work/p/patches/p/odd.patch"); }
recipe "$work/odd.tar" odd.patch two.patch bat.patch
printf '[rebase]\nabbreviateCommands = true\n' >"$work/config"
GIT_CONFIG_GLOBAL=$work/config check 'edit, under an author'\''s settings' edit odd.patch
check 'it stands there, too' [ "$(git -C "$work/tree" log -1 --format=%s)" = 'odd words' ]
(cd "$work/tree" && sed -i 's/new;/newer;/' f && GIT_EDITOR=true git commit -qa --amend && git rebase --continue) >/dev/null 2>&1
check 'save after git tidied the message' save
check 'the head as it was' head_kept
check 'the new line' grep -q newer "$work/p/patches/p/odd.patch"
check 'edit again' edit odd.patch
(cd "$work/tree" && sed -i -e /newer/d -e '/a;/{x;s/^/n/;/^nn$/{x;s/$/\n\tnewer;/;b};x}' f && git commit -qa --amend --no-edit && git rebase --continue) >/dev/null 2>&1
check 'save a hunk that moved to a twin place' save
check 'that is a change' says '2 patches untouched, 1 written, 0 new'
rm -rf "$work/edited" && cp -a "$work/tree" "$work/edited"
check 'edit what moved' edit
check 'the same tree as edited' diff -r --exclude=.git "$work/tree" "$work/edited"
(cd "$work/tree" && sed -i 's/^two/zwei/' x.bat && git commit -qam bat -m 'Cooper-Patch: p/bat.patch' && git reset -q --soft HEAD~2 &&
	git commit -qm bat -m 'Cooper-Patch: p/bat.patch' && git -c sequence.editor='sed -i.bak -e 2h -e 2d -e 3G' rebase -q -i cooper-base &&
	sed -i 's/^new$/newest/' g.txt && git commit -qam two --amend -m 'Cooper-Patch: p/two.patch') >/dev/null 2>&1
check 'save what is in another order' save
check 'the order is told' says "moved in $work/p/recipes/p.yaml: p/two.patch after p/bat.patch"
check 'line ends are bytes' grep -q "$(printf '^+zwei\r$')" "$work/p/patches/p/bat.patch"
check 'text stays text' grep -q '^+newest$' "$work/p/patches/p/two.patch"
(cd "$work/tree" && for i in 1 2; do echo $i >>f && git commit -qam 'Twice'; done)
check 'two new ones of one name are refused' refuses 'twice.patch'\'' exists already'
(cd "$work/tree" && git reset -q --hard HEAD~2 && echo x >>f && git commit -qam $'\346\226\260') >/dev/null
check 'a title without letters' save
check 'has a name all the same' [ -s "$work/p/patches/p/patch.patch" ]
check 'save again' save
check 'a new one is no change of order' says '4 patches untouched'
(cd "$work/tree" && git commit -q --amend --no-edit --date=2001-01-01) >/dev/null
check 'save a new one whose commit was made anew' save
check 'it is the same patch' says '4 patches untouched'

# A recipe that is not edited: the lines to paste are valid YAML, and the patch is written all the same.
sed -i 's/$/\r/' "$work/p/recipes/p.yaml"
(cd "$work/tree" && git reset -q --hard HEAD && echo q >q && git add q && git commit -qm 'tso: no "guess" # x') >/dev/null
check 'save into a recipe in CRLF' save
check 'why it is not edited' says "p.yaml' is not edited: it has a byte order mark, or lines that end in CR"
check 'what to add' says '    why: "tso: no \"guess\" # x"'
check 'the patch is there' [ -s "$work/p/patches/p/tso-no-guess-x.patch" ]
sed -i 's/\r$//' "$work/p/recipes/p.yaml"
check 'save once it can be edited' save
check 'now it has them' grep -qF 'tso-no-guess-x.patch' "$work/p/recipes/p.yaml"

# The project's recipe is found by its name; what came with cooper is not changed.
printf 'kind: stack\nemulator: p\nimage: none\n' >"$work/p/cooper.yaml"
by_name() { rm -rf "$work/tree" && out=$(cd "$work/p" && "$cooper" patch edit p -d "$work/tree" 2>&1); }
check 'edit by name' by_name
mkdir "$work/other"
as_shipped() { rm -rf "$work/tree" && out=$(cd "$work/other" && COOPER_RECIPES=$work/p "$cooper" patch edit p -d "$work/tree" 2>&1); }
check 'edit what is shipped' as_shipped
check 'that it is, is said' says "'p' came with cooper"
(cd "$work/tree" && echo r >r && git add r && git commit -qm r) >/dev/null
rm -rf "$work/before" && cp -a "$work/p" "$work/before"
check 'it is not changed' refuses 'changes are not saved to it'
check 'not one byte of it' diff -r "$work/p" "$work/before"

if debian_source qemu "$work/qemu"; then
	rm -rf "$work/p/patches/p" && mkdir "$work/p/patches/p"
	names=()
	while read -r name; do
		names+=("${name//\//-}")
		cp "$work/qemu/debian/patches/$name" "$work/p/patches/p/${name//\//-}"
	done < <(quilt_list "$work/qemu")
	rm -rf "$work/qemu"
	recipe "$(readlink -f "$(find "$debian_cache/qemu" -name 'qemu_*.orig.tar.xz')")" "${names[@]}"
	check 'qemu: edit' edit
	check 'qemu: save' save
	check 'qemu: nothing written' says "${#names[@]} patches untouched, 0 written, 0 new"
	check 'qemu: not one byte' untouched
	check 'qemu: again, with every commit made anew' git -C "$work/tree" rebase -q --no-ff cooper-base
	check 'qemu: save that' save
	check 'qemu: not one byte of that' untouched
	rm -rf "$work/tree"
	cp -a patches "$work/shipped"
	check 'qemu-debian, as shipped: edit' "$cooper" patch edit qemu-debian -d "$work/tree"
	check 'qemu-debian, as shipped: save' save
	check 'qemu-debian, as shipped: not one byte' diff -r patches "$work/shipped"
else
	echo 'SKIP the qemu series: its source package cannot be had (no apt, or no network)'
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
