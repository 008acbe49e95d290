# Programs that drive docker: buildx, testcontainers, devcontainers.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names that the other files have; texts for a shell of the guest
area programs

own_buildkit="it builds in a BuildKit of its own, whose image comes from a registry"
plain_build() {
	context <<<"FROM $busy"
	c_build
}
fails "buildx" "docker build, where buildx is installed" plain_build "$own_buildkit" "booting buildkit"
older_build() { DOCKER_BUILDKIT=0 plain_build; }
works "buildx" "docker build with \`cooper env\` (DOCKER_BUILDKIT=0), where buildx is installed" older_build
buildx_build() {
	context <<<"FROM $busy"
	limit=600 c buildx build -t "localhost/$n" --load "$ctx"
}
fails "buildx" "buildx build --load" buildx_build "$own_buildkit" "booting buildkit"
buildx_seen() { c buildx ls | grep -q cooper-clients; }
works "buildx" "buildx ls shows the context" buildx_seen

# --- testcontainers: without its helper ryuk, whose image no registry gives here ---

# node_case NAME [--rootful] - a function of testcontainers.js, with what `cooper env` says
node_case() {
	(eval "$("$cooper" env --shell sh "${2:---shell=sh}")" && cd "$tools" && BUSY=$busy SHARED=$shared TESTCONTAINERS_RYUK_DISABLED=true NODE_PATH=$tools/node_modules \
		timeout -k 5 600 node "$here/testcontainers.js" "$1")
}
tc_http() { node_case http; }
tc_exec() { node_case exec; }
tc_files() { node_case files; }
tc_network() { node_case network; }
tc_log() { node_case log; }
tc_compose() { node_case compose; }
tc_root() { node_case http --rootful; }
works "testcontainers" "a container with a mapped port, waited for by port and by HTTP" tc_http
works "testcontainers" "a container with a mapped port, with \`cooper env --rootful\`" tc_root
works "testcontainers" "exec, its exit code and output; stop" tc_exec
works "testcontainers" "files copied in and out, a bind mount" tc_files
works "testcontainers" "a network with aliases" tc_network
works "testcontainers" "waiting for a log line, a health check" tc_log
works "testcontainers" "a compose file" tc_compose

# --- devcontainers ---

dev() {
	local verb=$1
	shift
	timeout -k 5 600 node "$tools/node_modules/@devcontainers/cli/devcontainer.js" "$verb" --workspace-folder "$dir" --docker-path "${docker_path:-docker}" "$@"
}
# dev_folder <devcontainer.json
dev_folder() { dir=$(folder "$n") && mkdir -p "$dir/.devcontainer" && cat >"$dir/.devcontainer/devcontainer.json" && give "$dir"; }
dev_ended() {
	local status=$?
	docker ps -aq --filter "label=devcontainer.local_folder=$dir" | xargs -r docker rm -f >/dev/null
	return $status
}
dev_image() {
	dev_folder <<<"{ \"image\": \"$busy:latest\", \"remoteUser\": \"root\", \"postCreateCommand\": \"echo made >of-container\" }"
	dev up >"$work/o" && grep -q '"outcome":"success"' "$work/o" && is "$(cat "$dir/of-container")" made &&
		is "$(dev exec sh -c 'echo again >>of-container; pwd' | tail -1)" "/workspaces/$n" && is "$(tail -1 "$dir/of-container")" again && code 7 dev exec sh -c 'exit 7'
	dev_ended
}
works "devcontainers" "up of an image, exec; the workspace is writable" dev_image
dev_build() {
	dev_folder <<<'{ "build": { "dockerfile": "Dockerfile", "args": { "A": "1" } }, "containerEnv": { "B": "2" }, "mounts": ["source=dev-data,target=/data,type=volume"] }'
	printf 'FROM %s\nARG A\nRUN echo $A >/a\n' "$busy" >"$dir/.devcontainer/Dockerfile"
	dev up >"$work/o" && is "$(dev exec sh -c 'cat /a; echo $B; touch /data/x && echo written' | tr -d '\r' | tr '\n' ' ')" "1 2 written "
	dev_ended
}
works "devcontainers" "up of a Dockerfile, containerEnv, a volume" dev_build
dev_user() {
	dev_folder <<<"{ \"image\": \"$busy:latest\", \"remoteUser\": \"user\" }"
	dev up >"$work/o" && dev exec touch of-user
	dev_ended
}
fails "devcontainers" "a remoteUser who is not root writes into the workspace" dev_user \
	"the files are the login user's, who is root in his containers: \`cooper env --rootful\`" "Permission denied"
as_root() { (export DOCKER_HOST=unix://$root_socket && "$@"); }
dev_root_user() { as_root dev_user; }
works "devcontainers" "a remoteUser who is not root writes into the workspace, with \`cooper env --rootful\`" dev_root_user
