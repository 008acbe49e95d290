#!/usr/bin/env bash
# A real guest in a company's network: an HTTP proxy with a login, on the host's loopback, that looks into TLS with an
# authority of the company's own. Before cooper tells the guest nothing gets through; then pulls, builds, containers and
# the guest's programs do, rootless and as root; when both are gone they are gone from the guest. No file and no command
# line of the host has the proxy's password. Uses a home of its own, with the results of the usual one; about 5 minutes.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
tests=$PWD/tests/e2e
own_home cas store accel.json
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY COOPER_CA_BUNDLE CURL_CA_BUNDLE SSL_CERT_FILE
cd "$work/p" || exit 1
cp "$usual/cooper.lock" .
cat >cooper.yaml <<YAML
kind: stack
extends: podman-debian
machine: { name: network, host_loopback: true }
steps: [{ name: curl, packages: [curl] }]
YAML

# the company: an authority, a certificate by it, an image whose one program prints its environment
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=Corp Authority" -keyout ca.key -out ca.pem 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=corp.test -keyout site.key -out site.csr 2>/dev/null
openssl x509 -req -in site.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out site.pem \
	-extfile <(echo 'subjectAltName=DNS:site.corp.test,DNS:registry.corp.test') 2>/dev/null
# shellcheck disable=SC2016  # C
printf '#include <stdio.h>\nextern char **environ;\nint main(void) { for (char **e = environ; *e; e++) puts(*e); return 0; }\n' >env.c
cc -static -o env env.c && tar --numeric-owner --owner=0 --group=0 -cf layer.tar env
case $(uname -m) in x86_64) ARCH=amd64 ;; *) ARCH=arm64 ;; esac
export ARCH
python3 "$tests/network.py" "$PWD" >proxy.log 2>&1 &
proxy=$!
trap 'kill $proxy 2>/dev/null; "$cooper" destroy --all --yes >/dev/null 2>&1; rm -rf --one-file-system "$work"' EXIT
until [ -s proxy.log ]; do sleep 0.1; done
port=$(head -1 proxy.log)

guest() { "$cooper" ssh -- sh -c "$1"; }
pulls() { guest "$1 podman rmi -qf registry.corp.test/tiny >/dev/null 2>&1; $1 podman pull -q registry.corp.test/tiny" >"$work/out" 2>&1; }

exits 0 "$cooper" up --yes
result "up, in no company's network" $?
! pulls ""
result "before: no pull" $?

export https_proxy=http://user:pa55@127.0.0.1:$port SSL_CERT_FILE=$PWD/ca.pem
# cooper itself needs nothing from the network here
exits 3 "$cooper" plan && grep -q 'carry over proxies and authorities' "$work/out"
result "plan: the guest is to be told" $?
exits 0 "$cooper" up --yes && ! grep -qE '^(boot|generation):' "$work/out"
result "up tells it, without a restart" $?
guest 'sudo systemctl stop podman.service; systemctl --user stop podman.service; true'
for who in "" "sudo -n"; do
	pulls "$who"
	result "${who:-rootless}: pull through the proxy" $?
	guest "$who podman run --rm registry.corp.test/tiny" | grep -qxF "https_proxy=http://user:pa55@10.0.2.2:$port"
	result "${who:-rootless}: a container has the proxy" $?
	guest "printf 'FROM registry.corp.test/tiny\nRUN [\"/env\"]\n' | $who podman build -q=false --no-cache -f - ." >"$work/out" 2>&1 &&
		grep -qF "https_proxy=http://user:pa55@10.0.2.2:$port" "$work/out"
	result "${who:-rootless}: a build, too" $?
done
socket=$("$cooper" status --json | sed -n 's|^  "api": "unix://\(.*\)",*$|\1|p')
curl -s --unix-socket "$socket" -X POST 'http://d/v1.40/images/create?fromImage=registry.corp.test/tiny&tag=latest' >"$work/out" 2>&1 &&
	grep -q '"progressDetail\|"status' "$work/out" && ! grep -q '"error"' "$work/out"
result "a pull by the API that clients use" $?
[ "$(guest 'curl -sS https://site.corp.test/ 2>&1')" = "hello from the site" ]
result "a program of the guest" $?
[ "$(guest 'sudo -n curl -sS https://site.corp.test/ 2>&1')" = "hello from the site" ]
result "by sudo, as steps run theirs" $?
! grep -rlF pa55 "$COOPER_HOME" --exclude='*.qcow2' --exclude-dir=store --exclude-dir=cas >"$work/out"
result "no file of the host has the password" $?
! cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -qF "pa55@"
result "nor has a command line" $?
exits 0 "$cooper" plan
result "nothing is left to do" $?
exits 0 "$cooper" restart && pulls ""
result "after a restart it is so still" $?

unset https_proxy SSL_CERT_FILE
exits 0 "$cooper" up --yes
result "the host leaves that network" $?
! pulls ""
result "and nothing gets through" $?
[ -z "$(guest "sudo -n grep -rlF -e pa55 -e '$(sed -n 3p ca.pem)' /etc /usr/local/share/ca-certificates")" ]
result "the guest has nothing left of it" $?
totals
