# compose, as docker's plugin and as a program of its own.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names that the other files have; texts for a shell of the guest
area compose
composes="compose docker-compose"

# project <compose.yaml - a new folder below the shared one, which is the project
project() {
	dir=$(folder "$n") && cat >"$dir/compose.yaml" && give "$dir"
}
cc() { (cd "$dir" && limit=${limit:-600} c "$@"); }
# to the end whatever was found; the status is the case's
down() { local status=$?; cc down -v -t 0 >"$work/down" 2>&1 || cat "$work/down"; return $status; }

two_services() {
	local p
	p=$(free_port)
	project <<-EOF
		services:
		  web:
		    image: $busy
		    command: sh -c "mkdir -p /www && echo \$\$HELLO >/www/index.html && exec httpd -f -p 80 -h /www"
		    environment: { HELLO: hello }
		    ports: ["$p:80"]
		    healthcheck: { test: [CMD, wget, -qO-, "http://127.0.0.1/"], interval: 2s, timeout: 5s, retries: 20 }
		  user:
		    image: $busy
		    command: sh -c "wget -qO- http://web/ && sleep 1000"
		    depends_on: { web: { condition: service_healthy } }
	EOF
	cc up -d --wait && hello "$p" && cc ps --format '{{.Service}} {{.State}}' | grep -q 'user running' && cc logs user | grep -q hello &&
		is "$(cc exec -T web sh -c 'echo $HELLO')" hello && is "$(cc port web 80 | sed 's/.*://')" "$p"
	down
}
works "$composes" "two services: up --wait, depends_on healthy, names, ports, ps, logs, exec, down" two_services

volumes_and_files() {
	project <<-EOF
		services:
		  a:
		    image: $busy
		    command: sh -c "cat /src/of-host /run/secrets/s /conf && echo kept >/data/x && echo made >/src/made"
		    volumes: [".:/src", "data:/data"]
		    secrets: [s]
		    configs: [{ source: c, target: /conf }]
		volumes: { data: {} }
		secrets: { s: { file: ./hush } }
		configs: { c: { file: ./conf } }
	EOF
	echo of-host >"$dir/of-host" && echo hush >"$dir/hush" && echo conf >"$dir/conf" && give "$dir" &&
		is "$(cc run --rm -T a 2>/dev/null | tr '\n' ' ')" "of-host hush conf " && is "$(cat "$dir/made")" made &&
		is "$(cc run --rm -T a cat /data/x 2>/dev/null)" kept
	down
}
works "$composes" "a folder, a named volume, secrets and configs of files; run --rm" volumes_and_files

networks_of() {
	project <<-EOF
		services:
		  a: { image: $busy, command: sleep 1000, networks: { front: { aliases: [other] } } }
		  b: { image: $busy, command: sleep 1000, networks: [front, back] }
		  c: { image: $busy, command: sleep 1000, networks: [back] }
		networks: { front: {}, back: {} }
	EOF
	cc up -d && cc exec -T b ping -c 1 -w 10 other >/dev/null && cc exec -T b ping -c 1 -w 10 c >/dev/null && ! cc exec -T c ping -c 1 -w 3 a >/dev/null 2>&1
	down
}
works "compose" "networks that are apart, aliases" networks_of

scaled() {
	project <<-EOF
		services:
		  a: { image: $busy, command: sleep 1000, profiles: [more] }
		  b: { image: $busy, command: sleep 1000 }
	EOF
	cc up -d --scale b=2 && is "$(cc ps -q | wc -l)" 2 && cc --profile more up -d && is "$(cc ps -q | wc -l)" 2 &&
		cc restart -t 0 b && cc stop -t 0 && is "$(cc ps -q | wc -l)" 0 && cc start b && cc kill b
	down
}
works "compose" "--scale, profiles, restart, stop, start, kill" scaled

changed_up() {
	project <<<"services: { a: { image: $busy, command: sleep 1000, environment: { A: '1' } } }"
	cc up -d && sed -i "s/'1'/'2'/" "$dir/compose.yaml" && cc up -d && is "$(cc exec -T a sh -c 'echo $A')" 2
	down
}
works "compose" "up again after a change" changed_up

attached_up() {
	project <<<"services: { a: { image: $busy, command: sh -c 'echo said; exit 3' } }"
	code 3 cc up --exit-code-from a >"$work/o" 2>&1 && grep -q said "$work/o"
	down
}
works "compose" "up in the foreground, --exit-code-from" attached_up

restarts() {
	project <<<"services: { a: { image: $busy, command: sh -c 'sleep 1; exit 1', restart: unless-stopped } }"
	cc up -d && id=$(cc ps -aq) && await 60 docker_restarted "$id"
	down
}
docker_restarted() { [ "$(docker inspect -f '{{.RestartCount}}' "$1")" -ge 2 ]; }
works "compose" "restart: unless-stopped, while the machine is up" restarts

empty_health() {
	project <<<"services: { a: { image: $busy, command: sleep 1000, healthcheck: { interval: 5s } } }"
	cc up -d
	down
}
works "compose" "healthcheck without a test" empty_health

no_health() {
	project <<<"services: { a: { image: $busy, command: sleep 1000, healthcheck: { disable: true } } }"
	cc up -d --wait
	down
}
works "compose" "healthcheck: { disable: true }" no_health

build_of() {
	project <<<"services: { a: { build: ., image: localhost/$n, command: cat /x } }"
	printf 'FROM %s\nRUN echo built >/x\n' "$busy" >"$dir/Dockerfile"
	cc build && is "$(cc run --rm -T a 2>/dev/null)" built
	down
}
with_older_builder() { export DOCKER_BUILDKIT=0; build_of; }
works "$composes" "build, with \`cooper env\` (DOCKER_BUILDKIT=0)" with_older_builder
fails "compose" "build, as it comes" build_of \
	"it builds in a BuildKit of its own, whose image comes from a registry" "booting buildkit"

watched() { project <<<"services: { a: { image: $busy, platform: linux/$foreign_arch, command: uname -m } }"
	sed -i "s,$busy,$foreign," "$dir/compose.yaml"
	is "$(cc run --rm -T a 2>/dev/null)" "$foreign_machine"
	down
}
works "compose" "platform: of the other architecture" watched

by_podman() {
	dir=$(folder "$n") && printf 'services: { a: { image: %s, command: sleep 1000 } }\n' "$busy" >"$dir/compose.yaml"
	(cd "$dir" && PODMAN_COMPOSE_PROVIDER=$tools/bin/docker-compose limit=600 c compose up -d && PODMAN_COMPOSE_PROVIDER=$tools/bin/docker-compose c compose ps -q | grep -q . &&
		PODMAN_COMPOSE_PROVIDER=$tools/bin/docker-compose limit=600 c compose down -t 0)
}
works "podman5" "podman compose, with docker-compose as its provider" by_podman
