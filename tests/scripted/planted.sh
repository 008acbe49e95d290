#!/usr/bin/env bash
# Another user of this host puts things in my way: where COOPER_HOME is to be, above my project and beside it, under names
# that can be known before, in what I download. It is refused with words or not used, and nothing waits for him.
# shellcheck disable=SC2016  # his scripts' own variables
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/scripted/users.sh
emulator one && image 1 && stack 512MiB '{ name: motd, write: { path: /etc/motd, text: mine } }'
tar=$work/tiny-1.tar.gz digest=$(sum "$work/tiny-1.tar.gz")
cp -R "$project" "$work/shipped" && rm "$work/shipped/cooper.yaml" && own
me sh -c 'echo "{}" >"$HOME/precious"'
precious() { [ "$(cat "$HOME/precious")" = "{}" ]; }
# rm_his NAME... - of what is his in the shared folder
rm_his() { him 'cd "$1" && shift && rm -rf "$@"' "$shared" "$@" 2>/dev/null || :; }
# build_of FOLDER SOURCE - a project of one build from there
build_of() {
	me mkdir -p "$1/recipes" && me cp -R "$project/vmimages" "$project/cooper.yaml" "$1/"
	me tee "$1/recipes/tiny.yaml" >/dev/null <<-YAML
		kind: build
		name: tiny
		version: "1"
		license: MIT
		source: [$2]
		install: [[mkdir, -p, "\${prefix}/bin"]]
	YAML
	cd "$1" || exit 1
}

# --- a repository with a pipe in the place of a file: several at once, since each is waited for; the end is below ---

export COOPER_STALL_SECONDS=1 COOPER_BACKOFF_MS=1
him 'cd "$1" && export HOME="$1" && git init -q repo && cd repo && echo x >x && git add x &&
	git -c user.name=x -c user.email=x@x commit -qm x && git rev-parse HEAD >../commit' "$shared/his"
commit=$(cat "$shared/his/commit")
build_of "$shared/mine/git" "{ url: \"git:file://$shared/his/repo#$commit\" }"
check "a repository of his, pinned, is one like any other" ends 0 "" "$cooper" fetch
waits=()
for file in config HEAD "objects/${commit:0:2}/${commit:2}" objects/info/alternates; do
	name=${file##*/}
	him 'cd "$1" && cp -R repo "$3" && mkdir -p "$(dirname "$3/.git/$2")" && rm -f "$3/.git/$2" && mkfifo "$3/.git/$2"' \
		"$shared/his" "$file" "$name"
	build_of "$shared/mine/git-$name" "{ url: \"git:file://$shared/his/$name#$commit\" }"
	start "git-$name" env "COOPER_HOME=$HOME/git-$name" "$cooper" fetch
	waits+=("$started:$name")
done

# --- where COOPER_HOME is to be ---

names() { find "$shared" "$HOME" -path "$HOME/git-*" -prune -o -printf '%p %u %l\n' | sort; }
# home_refused NAME WHAT [VARIABLE=VALUE...] - no command uses the home, or leaves anything there
home_refused() {
	local command
	for command in "${commands[@]}"; do
		# shellcheck disable=SC2086  # words of a command
		refused "$2" env "COOPER_HOME=$1" "${@:3}" "$cooper" $command || return 1
	done
	names | diff "$work/names" - >>"$out"
}
cd "$project" || exit 1
him 'mkdir -m 0777 "$1" "$1/open" "$3/.local" && mkdir -p "$1/a/b" && chmod -R 0777 "$1/a" && ln -s "$2" "$1/link" &&
	ln -s "$2" "$3/to-mine" && ln -s "$1/open" "$3/to-his"' "$shared/homes" "$COOPER_HOME" "$shared"
mkdir -m 0777 "$shared/open" && mkdir "$shared/open/mine" && chown "$user" "$shared/open/mine"
me mkdir -m 0777 "$shared/mine/open" && me ln -s "$shared/to-his" "$shared/mine/twice"
names >"$work/names"
commands=(up "gc --yes" status "tool key build:tiny" "destroy --all --yes")
check "a home that he made" home_refused "$shared/homes/open" "$his"
commands=(up "gc --yes")
check "a folder in one that he made" home_refused "$shared/homes/home" "$his"
check "further down" home_refused "$shared/homes/a/b/c/home" "$his"
check "a link of his to my home" home_refused "$shared/to-mine" "$his"
check "a link of his to his" home_refused "$shared/to-his" "$his"
check "a link of mine to one of his" home_refused "$shared/mine/twice" "$his"
check "a link in his folder to my home" home_refused "$shared/homes/link" "$his"
check "one that all may write" home_refused "$shared/mine/open" "others can write to"
check "in a folder that all may write, and rename in" home_refused "$shared/open/mine" "others can write to"
check "not there yet" home_refused "$shared/open/home" "others can write to"
check "below XDG_DATA_HOME" home_refused "" "$his" "XDG_DATA_HOME=$shared/homes"
check "below HOME" home_refused "" "$his" "HOME=$shared"

# --- which project it is ---

me mkdir "$shared/mine/sub" && cd "$shared/mine/sub" || exit 1
# above - what he has put there is used by no command
above() {
	local command
	for command in "${commands[@]}"; do
		# shellcheck disable=SC2086  # words of a command
		refused "cooper.yaml'" "$cooper" $command || return 1
	done
	rm_his cooper.yaml
}
commands=(up plan build status stop "destroy --yes" doctor lint update fetch "tool key build:tiny")
him 'cp "$1/cooper.yaml" "$2/"' "$project" "$shared"
check "a cooper.yaml of his, above my folder" above
commands=(up build)
him 'ln -s "$1/cooper.yaml" "$2/"' "$project" "$shared"
check "a link of his to one of mine" above
him 'ln -s "$1/his" "$1/cooper.yaml"' "$shared"
check "to a folder" above
him 'ln -s "$(printf "\033]0;evil\007")" "$1/cooper.yaml"' "$shared"
check "to a name with escapes" above
him 'ln -s cooper.yaml "$1/cooper.yaml"' "$shared"
check "to itself" above
him 'mkfifo "$1/cooper.yaml"' "$shared"
check "a pipe" above
him 'mkdir "$1/cooper.yaml"' "$shared"
check "a folder" above
him 'mkdir -m 0 "$1/closed" && ln -s "$1/closed/x" "$1/cooper.yaml"' "$shared"
check "what I may not look at" above
him 'exec python3 -S -c "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])" "$1/cooper.yaml"' "$shared"
check "a socket" above
# it comes and goes, and is a link to mine now and then
him 'sed "s/mine/quick/" "$1/cooper.yaml" >"$2/quick.yaml"' "$project" "$shared/his"
"${as_him[@]}" python3 -S - "$shared/cooper.yaml" "$shared/his" "$project/cooper.yaml" <<-'END' &
	import os, sys
	place, own, mine = sys.argv[1:]
	while os.getppid() > 1:
	    os.link(own + "/quick.yaml", place)
	    os.rename(place, own + "/away")
	    os.unlink(own + "/away")
	    os.symlink(mine, place)
	    os.link(own + "/quick.yaml", own + "/next")
	    os.rename(own + "/next", place)
	    os.unlink(place)
END
racer=$!
quick() {
	for _ in $(seq 40); do
		"$cooper" plan >"$out" 2>&1 </dev/null
		! grep -q quick "$out" || return 1
	done
}
check "one that comes and goes" quick
kill "$racer" && wait "$racer" 2>/dev/null
rm_his cooper.yaml

# --- a stack of mine in that folder: what it looks for by name, beside it ---

export COOPER_RECIPES=$work/shipped
me cp "$project/cooper.yaml" "$shared/"
check "a stack of mine, in a folder like /tmp" ends 3 "step motd" "$cooper" plan
# beside COMMAND... - none uses what he has put there
beside() {
	local command
	for command in "$@"; do
		# shellcheck disable=SC2086  # words of a command
		refused "$his" "$cooper" $command || return 1
	done
	rm_his recipes vmimages patches cooper.lock
}
him 'cp -R "$1/recipes" "$2/"' "$project" "$shared"
check "a recipe in the place of a shipped one" beside up plan build fetch doctor lint update "tool key build:tiny" \
	"plan $shared/cooper.yaml" "build $shared/cooper.yaml"
him 'ln -s "$1/recipes" "$2/"' "$project" "$shared"
check "a link to recipes of mine" beside up build
him 'cp -R "$1/vmimages" "$2/"' "$project" "$shared"
check "an image" beside up build
him 'echo "{}" >"$1/cooper.lock"' "$shared"
check "a lock" beside up build
him 'ln -s "$1/precious" "$2/cooper.lock"' "$HOME" "$shared"
check "one that is a link to a file of mine" beside up build update
check "which is as it was" precious
me sed -i 's/^emulator: tiny/extends: base/' "$shared/cooper.yaml"
him 'mkdir "$1/recipes" && cp "$2/cooper.yaml" "$1/recipes/base.yaml"' "$shared" "$project"
check "what a stack extends" beside up plan
me cp "$project/cooper.yaml" "$shared/"
me cp -R "$project/recipes" "$shared/" && him 'cp -R "$1/patches" "$2/"' "$project" "$shared"
check "a patch" beside up plan build
me rm -rf "$shared/recipes" "$shared/cooper.yaml"

# --- a project of mine where something was left open ---

me cp -R "$project" "$shared/mine/p" && cd "$shared/mine/p" || exit 1
for file in recipes recipes/tiny.yaml vmimages patches/tiny patches/tiny/words.patch cooper.yaml .; do
	me chmod o+w $file
	check "$file, which all may write" ends 2 "others can write to" "$cooper" plan
	me chmod o-w $file
done
me mkdir -m 0777 "$shared/mine/open-project" && me cp -R "$project/." "$shared/mine/open-project"
cd "$shared/mine/open-project" || exit 1
him 'cp "$1/cooper.yaml" "$1/his.yaml" && mv -f "$1/his.yaml" "$1/cooper.yaml"' "$shared/mine/open-project"
check "in an open folder he can put his in the place of mine" [ "$(stat -c %u cooper.yaml)" = 65533 ]
check "and it is not used" refused "others can write to" "$cooper" plan

# --- the program itself, in such a folder: what came with it ---

me mkdir "$shared/mine/bin" "$shared/bin" && me cp "$work/program" "$shared/mine/bin/cooper" && me cp "$work/program" "$shared/bin/cooper"
him 'cp -R "$1/recipes" "$1/vmimages" "$2/"' "$project" "$shared"
check "recipes above the program" refused "$his" env -u COOPER_RECIPES "PROGRAM=$shared/mine/bin/cooper" "$cooper" list
rm_his recipes vmimages
him 'mkdir -p "$1/lib/cooper" && cp -R "$2/recipes" "$1/lib/cooper/"' "$shared" "$project"
check "where an installed one has them" refused "$his" env -u COOPER_RECIPES "PROGRAM=$shared/bin/cooper" "$cooper" list
rm_his lib

# --- sources that he can change ---

build_of "$shared/mine/s" "{ url: file://$shared/his/s.tar, sha256: '$(printf '%064d' 1)', size: 100 }"
check "a source that is not there" refused "does not exist" "$cooper" fetch
him 'mkfifo "$1/s.tar"' "$shared/his"
check "a pipe" refused "is a pipe" "$cooper" fetch
him 'rm "$1/s.tar" && ln -s /dev/zero "$1/s.tar"' "$shared/his"
check "a device" refused "a device" "$cooper" fetch
him 'rm "$1/s.tar" && mkdir "$1/s.tar"' "$shared/his"
check "a folder" refused "is a folder" "$cooper" fetch
him 'rmdir "$1/s.tar" && truncate -s 1T "$1/s.tar"' "$shared/his"
check "a file of a terabyte" refused "1099511627776 bytes instead of 100" "$cooper" fetch
him 'rm "$1/s.tar" && ln -s "$2/precious" "$1/s.tar"' "$shared/his" "$HOME"
check "a link to a file of mine" refused "3 bytes instead of 100" "$cooper" fetch
"${as_him[@]}" python3 -S - "$shared/his/s.tar" <<-'END' &
	import os, sys
	place = sys.argv[1]
	while os.getppid() > 1:
	    open(place + ".1", "w").close()
	    os.rename(place + ".1", place)
	    os.mkfifo(place + ".2")
	    os.rename(place + ".2", place)
END
racer=$!
in_time() {
	for _ in $(seq 40); do
		refused "" "$cooper" fetch || return 1
	done
}
check "a file that is a pipe now and then" in_time
kill "$racer" && wait "$racer" 2>/dev/null

# --- names that can be known before ---

cd "$shared/mine" || exit 1
fetch=(tool fetch "file://$tar" --sha256 "$digest" -o "$shared/down")
him ': >"$1/down.part" && chmod 0666 "$1/down.part"' "$shared"
check "a part of a download that is his" refused "exists already" "$cooper" "${fetch[@]}"
him 'rm "$1/down.part" && mkfifo -m 0666 "$1/down.part"' "$shared"
check "a pipe" refused "exists already" "$cooper" "${fetch[@]}"
him 'rm "$1/down.part" && ln -s "$2/precious" "$1/down.part"' "$shared" "$HOME"
check "a link to a file of mine" refused "down.part" "$cooper" "${fetch[@]}"
him 'rm "$1/down.part" && ln -s "$2/precious" "$1/down" && ln -s "$2/precious" "$1/down.part.json"' "$shared" "$HOME"
check "links of all other names" refused "down.part.json" "$cooper" "${fetch[@]}"
rm_his down.part.json
check "of the download alone" refused "down" "$cooper" "${fetch[@]}"
check "inflated" refused "down" "$cooper" tool inflate "$tar" "$shared/down"
rm_his down
him 'mkdir -m 0777 "$1/tree" && ln -s "$2" "$1/tree/tiny-1"' "$shared" "$HOME"
check "unpacked over a link of his" ends 4 "in the place of a folder" "$cooper" tool unpack --strip 0 "$tar" "$shared/tree"
check "nothing of mine was touched" precious
check "nor is there anything new" [ ! -e "$HOME/machine" ]
check "without him the download comes" "$cooper" "${fetch[@]}"
check "whole" [ "$(sum "$shared/down")" = "$digest" ]

export COOPER_RECIPES=$project
cd "$shared" || exit 1
him 'mkdir -m 0777 "$1/tiny-patches" "$1/work"' "$shared"
check "a folder of his where patches are edited" refused "$his" "$cooper" patch edit tiny
check "one below a folder of his" refused "$his" "$cooper" patch edit -d "$shared/work/mine" tiny
rm_his tiny-patches
him 'cp -R "$1/his/repo" "$1/tiny-patches" && echo "{}" >"$1/tiny-patches/.git/cooper.json"' "$shared"
check "a work tree of his" refused "$his" "$cooper" patch save tiny
him 'mkdir -m 0777 "$1/.git" && printf "[core]\n\tfsmonitor = touch %s/ran\n" "$1" >"$1/.git/config"' "$shared"
cd "$shared/mine" || exit 1
check "a .git of his above" ends 0 "one commit per patch" "$cooper" patch edit tiny

# --- programs, and what they read where I am ---

for program in ssh podman ssh-keygen git tar gpgv sh; do
	him 'printf "#!/bin/sh\ntouch %s/ran\nexit 1\n" "$1" >"$1/his/$2" && chmod 0755 "$1/his/$2"' "$shared" "$program"
done
him 'cd "$1/his" && mkdir -p .ssh .docker .config/containers .config/git && printf "Host *\nProxyCommand touch %s/ran\n" "$1" >.ssh/config &&
	echo "{\"credsStore\": \"x\"}" >.docker/config.json && printf "[core]\n\tfsmonitor = touch %s/ran\n" "$1" | tee .gitconfig >.config/git/config &&
	printf "[engine]\nhelper_binaries_dir = [\"%s/his\"]\n" "$1" >.config/containers/containers.conf && cp -R "$2/recipes" .' "$shared" "$project"
cd "$shared/his" || exit 1
check "up, among files of his" ends 0 "runs" "$cooper" up "$project/cooper.yaml"
check "destroy, with the current folder in PATH" ends 0 "" env "PATH=.::$PATH:" "$cooper" destroy --yes "$project/cooper.yaml"
check "nothing of his ran" [ ! -e "$shared/ran" ]

if [ -x /usr/lib/ccache/cc ]; then
	him 'mkdir -m 0777 "$1/cache"' "$shared"
	mkdir -m 1777 "$shared/sticky"
	for cache in cache sticky his/new open/new; do
		build_of "$shared/mine/cc-${cache%/*}" "{ url: file://$tar, sha256: $digest }"
		check "a cache of compilers: $cache" refused "CCACHE_DIR" env "CCACHE_DIR=$shared/$cache" "$cooper" build
	done
else
	echo "SKIP   a cache of compilers: no ccache here"
fi
if unshare -m true 2>/dev/null; then
	cd "$project" || exit 1
	full() { unshare -m sh -c 'mount -t tmpfs -o size=16k,mode=1777 none "$1" && { cat /dev/zero >"$1/fill" 2>/dev/null; shift && exec "$@"; }' sh "$shared/his" "$@"; }
	check "he has filled /tmp" refused "set TMPDIR" full env "TMPDIR=$shared/his" "$cooper" up
else
	echo "SKIP   a full /tmp: no mounts of its own here"
fi

for wait in "${waits[@]}"; do
	code=1
	[ "${wait#*:}" != HEAD ] || code=4
	check "a pipe in the place of a repository's ${wait#*:}" ended "${wait%%:*}" $code "git-${wait#*:}"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
