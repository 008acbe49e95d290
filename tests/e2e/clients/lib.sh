# Sourced by clients.sh: how a case is said, and run with each of its clients.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names that the other files have; texts for a shell of the guest

# podman 5 is tried where it matters which podman asks, root where it matters whose podman answers.
both="podman docker" three="podman podman5 docker" all="podman podman-root docker docker-root"

# area NAME - of the cases that follow; nothing is left of those before
area() {
	area=$1
	[ "$mode" = list ] || ! any || tidy
}

# works "CLIENT..." TITLE FUNCTION - it does, with each of them
works() { each "$1" "$2" "$3" "" ""; }

# fails "CLIENT..." TITLE FUNCTION REASON TEXT - it does not, for that reason, and says TEXT (extended expression). Once it
# does, the case fails, for then the list is wrong.
fails() { each "$1" "$2" "$3" "$4" "$5"; }

each() {
	local client
	for client in $1; do
		case $mode in
		list) printf '%s\t%s\t%s\t%s\n' "$area" "$2" "$client" "$4" ;;
		*) ! wanted "$2" || try "$client" "$2" "$3" "$4" "$5" ;;
		esac
	done
}

# wanted TITLE - the area, or words of the title, were asked for; without words all are
wanted() {
	local word
	[ ${#words[@]} != 0 ] || return 0
	for word in "${words[@]}"; do
		[ "$area" != "$word" ] && [[ $1 != *"$word"* ]] || return 0
	done
	return 1
}

# any - something of this run has been tried
any() { [ "$seq" != 0 ]; }

try() { # try CLIENT TITLE FUNCTION REASON TEXT
	local why status from=$SECONDS name="$area: $2, $1"
	why=$(missing "$1")
	if [ -n "$why" ]; then
		skipped=$((skipped + 1))
		echo "SKIP  $name: $why"
		return
	fi
	client=$1 seq=$((seq + 1)) n=c$seq
	("$3") >"$work/said" 2>&1 </dev/null
	status=$?
	if [ -n "$4" ] && [ $status = 0 ]; then
		echo "it works now; the list says it does not: $4" >>"$work/said"
		status=1
	elif [ -n "$4" ]; then
		grep -qE -- "$5" "$work/said"
		status=$?
	fi
	result "$name${4:+ (does not work: $4)} [$((SECONDS - from)) s]" $status
	[ $status = 0 ] || tail -n "${TAIL:-15}" "$work/said" | sed 's/^/      | /'
}

# --- clients ---

# missing CLIENT - why it cannot be tried here; nothing when it can
missing() {
	case $1 in
	podman5*) [ -x "$tools/bin/podman5" ] || echo "no podman 5" ;;
	podman*) command -v podman >/dev/null || echo "no podman" ;;
	compose | docker-compose) [ -x "$tools/bin/docker-compose" ] || echo "no compose" ;;
	buildx) [ -x "$tools/root/usr/libexec/docker/cli-plugins/docker-buildx" ] || echo "no buildx" ;;
	testcontainers | devcontainers) [ -d "$tools/node_modules/testcontainers" ] || echo "npm's packages are missing" ;;
	docker*) command -v docker >/dev/null || echo "no docker" ;;
	esac
}

# to_client - its words, in the array `words_of`: docker by the context that `up` made current, root's by `cooper env`
to_client() {
	case $client in
	podman) words_of=(podman --remote --connection clients) ;;
	podman-root) words_of=(podman --remote --connection clients-root) ;;
	podman5) words_of=(podman5 --connection clients) ;;
	podman5-root) words_of=(podman5 --connection clients-root) ;;
	docker-root) words_of=(env DOCKER_HOST="unix://$root_socket" docker) ;;
	buildx) words_of=(env DOCKER_CONFIG="$work/with-buildx" docker) ;;
	compose) words_of=(docker compose) ;;
	docker-compose) words_of=(env DOCKER_HOST="unix://$socket" docker-compose) ;;
	*) words_of=(docker) ;;
	esac
}

# c WORD... - the case's client, which gets a bounded time: enough for a guest that is emulated on a busy host
c() {
	local words_of
	to_client
	timeout -k 5 "${limit:-300}" "${words_of[@]}" "$@"
}

# at_tty "ROWS COLUMNS" [TEXT KEYS]... -- WORD... - the client at a terminal; see terminal.py
at_tty() {
	local words_of steps=()
	to_client
	# shellcheck disable=SC2206  # two words
	local size=($1)
	shift
	while [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	shift
	python3 "$here/terminal.py" "${size[@]}" "${steps[@]}" -- "${words_of[@]}" "$@"
}

# --- what cases look at ---

# is GOT WANTED
is() { [ "$1" = "$2" ] || { echo "got '$1' instead of '$2'"; return 1; }; }

# code WANTED COMMAND... - its exit code
code() {
	local want=$1 got
	shift
	"$@"
	got=$?
	[ $got = "$want" ] || { echo "exit $got instead of $want: $*"; return 1; }
}

# await SECONDS COMMAND... - it holds by then, or in four times that: the host may be busy
await() {
	local until=$((SECONDS + 4 * $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || { echo "not in time: $*"; "$@"; return 1; }
		sleep 0.5
	done
}

# idle [WORD...] - a container $n that sleeps, with these options
idle() { c run -d --name "$n" "$@" "$busy" sleep 1000 >/dev/null; }
running() { [ "$(c inspect -f '{{.State.Running}}' "$1")" = true ]; }
is_down() { [ "$(c inspect -f '{{.State.Running}}' "$1")" = false ]; }
# web PORTS... - a container $n that answers "hello" over HTTP at 80, with these options
web() { c run -d --name "$n" "$@" "$busy" sh -c 'mkdir -p /www && echo hello >/www/index.html && exec httpd -f -p 80 -h /www' >/dev/null; }
hello() { [ "$(curl -sf --max-time 5 "http://127.0.0.1:$1/")" = hello ]; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# the port of the host that the client says a container's has: port NAME 80/tcp
port() { c port "$1" "$2" | sed -n 's/.*://p' | head -1; }
not() { ! "$@"; }
# folder NAME - a new folder of the host that the guest has too
folder() {
	mkdir -p "$shared/$1" && give "$shared/$1"
	echo "$shared/$1"
}
# what root of the host makes is not the guest's login user's to change
give() { [ "$(id -u)" != 0 ] || chown -R 1000:1000 "$1"; }

# tidy - no containers, pods, volumes and networks are left of the cases before
tidy() {
	local name
	for name in clients clients-root; do
		podman --remote --connection "$name" pod rm -f -a -t 0
		podman --remote --connection "$name" rm -f -a -t 0 -v
		podman --remote --connection "$name" volume prune -f
		podman --remote --connection "$name" network prune -f
	done >/dev/null 2>&1
}
