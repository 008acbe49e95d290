# build, from folders of the host that the guest does not have.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names that the other files have; texts for a shell of the guest
area build

# context NAME <Containerfile - a new folder of the host with that file, as Containerfile for podman and Dockerfile for docker
context() {
	ctx=$work/context/$n
	rm -rf "$ctx" && mkdir -p "$ctx" && cat >"$ctx/Dockerfile"
}
c_build() { limit=600 c build -t "localhost/$n" "$@" "$ctx"; }
prints() { is "$(c run --rm "localhost/$n")" "$1"; }

build_whole() {
	context <<-EOF
		FROM $busy
		ARG WHAT=nothing
		ENV WHAT=\$WHAT
		COPY a /a
		RUN cat /a >/b
		WORKDIR /w
		USER user
		LABEL of=us
		CMD ["sh", "-c", "cat /b; echo \$WHAT \$PWD \$(id -u)"]
	EOF
	echo of-host >"$ctx/a"
	c_build --build-arg WHAT=something && prints "of-host
something /w 1000" && is "$(c inspect -f '{{index .Config.Labels "of"}}' "localhost/$n")" us
}
works "$all" "COPY, RUN, ARG, ENV, USER, LABEL, CMD" build_whole

ignored() {
	context <<-EOF
		FROM $busy
		COPY . /c
		CMD ["sh", "-c", "cd /c && find . -type f | sort | tr '\\\\n' ' '"]
	EOF
	mkdir "$ctx/sub" && touch "$ctx/kept" "$ctx/x.log" "$ctx/sub/y.log" "$ctx/sub/kept" "$ctx/secret"
	printf '**/*.log\nsecret\n.dockerignore\nDockerfile\n' >"$ctx/.dockerignore"
	c_build && prints "./kept ./sub/kept "
}
works "$three" ".dockerignore" ignored

cached() {
	context <<-EOF
		FROM $busy
		RUN head -c 8 /dev/urandom | od -x >/r
		CMD ["cat", "/r"]
	EOF
	c_build && c run --rm "localhost/$n" >"$work/one" && c_build && c run --rm "localhost/$n" >"$work/two" &&
		cmp "$work/one" "$work/two" && c_build --no-cache && c run --rm "localhost/$n" >"$work/two" && ! cmp -s "$work/one" "$work/two"
}
works "$three" "what was built is not built again; --no-cache" cached

stages() {
	context <<-EOF
		FROM $busy AS maker
		RUN echo made >/made
		CMD ["echo", "maker"]
		FROM $busy
		COPY --from=maker /made /of-maker
		CMD ["cat", "/of-maker"]
	EOF
	c_build && prints made && c_build --target maker && prints maker
}
works "$three" "stages: COPY --from, --target" stages

foreign_build() {
	context <<-EOF
		FROM $foreign
		ARG TARGETARCH
		RUN uname -m >/m; echo \$TARGETARCH >>/m
		CMD ["cat", "/m"]
	EOF
	c_build --platform "linux/$foreign_arch" && prints "$foreign_machine
$foreign_arch" && is "$(c inspect -f '{{.Architecture}}' "localhost/$n")" "$foreign_arch"
}
works "$both" "--platform of the other architecture, with RUN" foreign_build

manifest() {
	context <<-'EOF'
		FROM scratch
		ARG TARGETARCH
		ADD rootfs-${TARGETARCH}.tar /
		RUN ["/bin/busybox", "true"]
		CMD ["/bin/busybox", "uname", "-m"]
	EOF
	ln "$work/image/"rootfs-*.tar "$ctx/"
	limit=600 c build --platform linux/amd64,linux/arm64 --manifest "localhost/$n" "$ctx" &&
		is "$(c run --rm --platform linux/amd64 "localhost/$n" 2>/dev/null) $(c run --rm --platform linux/arm64 "localhost/$n" 2>/dev/null)" "x86_64 aarch64"
}
works "podman podman5" "--manifest of both architectures, each of which runs" manifest

other_file() {
	context </dev/null
	printf 'FROM %s\nCMD ["echo", "other"]\n' "$busy" >"$ctx/Other"
	c_build -f "$ctx/Other" && prints other
}
works "$both" "-f" other_file

from_stdin() { printf 'FROM %s\nCMD ["echo", "piped"]\n' "$busy" | limit=600 c build -t "localhost/$n" - && prints piped; }
works "$both" "a file on standard input" from_stdin

tar_stdin() {
	context <<-EOF
		FROM $busy
		COPY a /a
		CMD ["cat", "/a"]
	EOF
	echo packed >"$ctx/a"
	tar -C "$ctx" -c . | limit=600 c build -t "localhost/$n" - && prints packed
}
works "docker" "a whole folder on standard input" tar_stdin

broken() {
	context <<-EOF
		FROM $busy
		RUN echo before; exit 3
	EOF
	! c_build >"$work/o" 2>&1 && grep -q before "$work/o" && grep -qE '(status|code):? 3' "$work/o"
}
works "$both" "a RUN that fails: its output, its exit code, and the client's" broken

cache_mount() {
	context <<-EOF
		FROM $busy
		ARG X
		RUN --mount=type=cache,target=/cache echo \$X >>/cache/all; cp /cache/all /all
		CMD ["cat", "/all"]
	EOF
	c_build --build-arg "X=1$n" && c_build --build-arg "X=2$n" && c run --rm "localhost/$n" | tail -2 | tr '\n' ' ' | grep -qx "1$n 2$n "
}
works "$both" "RUN --mount=type=cache" cache_mount

here_document() {
	context <<-EOF
		FROM $busy
		RUN <<END
		echo first >/a
		echo second >>/a
		END
		COPY <<END /b
		third
		END
		CMD ["cat", "/a", "/b"]
	EOF
	c_build && prints "first
second
third"
}
works "podman podman5" "here documents" here_document

build_secret() {
	context <<-EOF
		FROM $busy
		RUN --mount=type=secret,id=s cp /run/secrets/s /s
		CMD ["cat", "/s"]
	EOF
	echo hush >"$work/hush"
	c_build --secret "id=s,src=$work/hush" && prints hush
}
works "podman podman5" "--secret" build_secret

large_context() {
	context <<-EOF
		FROM $busy
		COPY big /big
		CMD ["sha256sum", "/big"]
	EOF
	head -c 30000000 /dev/urandom >"$ctx/big"
	c_build && is "$(c run --rm "localhost/$n" | cut -c1-64)" "$(sha256sum <"$ctx/big" | cut -c1-64)"
}
works "podman5 docker" "30 MB of context" large_context
modes_kept() {
	context <<-EOF
		FROM $busy
		COPY . /c
		CMD ["sh", "-c", "/c/run; readlink /c/link; stat -c %a /c/private"]
	EOF
	printf '#!/bin/sh\necho ran\n' >"$ctx/run" && chmod 755 "$ctx/run" && ln -s run "$ctx/link" && touch "$ctx/private" && chmod 640 "$ctx/private"
	c_build && prints "ran
run
640"
}
works "$both" "modes and symbolic links of the context" modes_kept
