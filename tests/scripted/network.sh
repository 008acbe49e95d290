#!/usr/bin/env bash
# Proxies and authorities of the host in a guest of the scripted machine: told once, told again when they change, taken back
# when they go; what cannot be carried over is said. (A real guest, a proxy that looks into TLS: tests/e2e/network.sh.)
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/scripted/lib.sh
emulator one && image 1 && stack 512MiB
cd "$project" || exit 1
secret=pa55
at=http://user:$secret@proxy.example:3128
certificate() { printf -- '-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n' "$1"; }
has() { guest "$1" 2>/dev/null | grep -qxF -- "$2"; }
has_no() { ! guest "$1" >/dev/null 2>&1; }
warns() { https_proxy=$1 "$cooper" plan >"$out" 2>&1 || [ $? = 3 ] && grep -qF "$2" "$out"; }
trusted() { guest etc/trusted | tr '\n' ' '; }

check "up: nothing to carry" ends 0 "$foreign runs" up
check "nothing is told" [ "$(grep -c network "$out") $(ls "$(disk 1)/etc/cooper" 2>/dev/null)" = "0 " ]
check "plan: nothing" ends 0 "nothing to do" "$cooper" plan

export https_proxy=$at no_proxy=".corp.example, 10.0.0.0/8"
check "plan has the step" ends 3 "carry over proxies and authorities" "$cooper" plan
check "and no password" [ "$(grep -c "$secret" "$out")" = 0 ]
check "up tells the guest" ends 0 "network" up --verbose
check "and says no password" [ "$(grep -c "$secret" "$out")" = 0 ]
check "podman's services have it" has etc/cooper/proxy.env "https_proxy=$at"
check "in capitals" has etc/cooper/proxy.env "HTTPS_PROXY=$at"
check "but for these hosts" has etc/cooper/proxy.env "no_proxy=.corp.example,10.0.0.0/8,localhost,127.0.0.1,::1"
check "for nobody else to read" [ "$(stat -c %a "$(disk 1)/etc/cooper/proxy.env")" = 640 ]
check "sessions have it" has etc/environment "https_proxy=$at"
check "for nobody else to read" [ "$(stat -c %a "$(disk 1)/etc/environment")" = 600 ]
check "sudo keeps it" grep -q https_proxy "$(disk 1)/etc/sudoers.d/50-cooper-proxy"
check "the user's podman reads it" has etc/systemd/user/podman.service.d/50-cooper-proxy.conf "EnvironmentFile=-/etc/cooper/proxy.env"
check "no file of the host holds the password" [ -z "$(grep -rlF "$secret" "$COOPER_HOME" --exclude-dir=os.qcow2)" ]
check "nor one that could be tried out" [ "$("$cooper" tool key network 2>/dev/null | grep -c proxy)" = 0 ]
check "again: nothing to do" ends 0 "nothing to do" up
echo 'LANG=C' >>"$(disk 1)/etc/environment"
export https_proxy=http://other.example:8080
check "another one" ends 0 "network" up
check "is told" has etc/cooper/proxy.env "https_proxy=http://other.example:8080"
check "the first is gone" [ "$(guest etc/environment | grep -c proxy.example)" = 0 ]
check "what somebody else wrote stays" has etc/environment LANG=C
check "stop" ends 0 "" "$cooper" stop
export https_proxy=$at
check "start: this host is in another network" ends 0 "is running" "$cooper" start
check "which the guest is told" has etc/environment "https_proxy=$at"
check "and up has nothing to do" ends 0 "nothing to do" up

# shellcheck disable=SC2016  # they are not to be expanded
for value in 'http://a b' 'http://a"b' "http://a'b" 'http://a$(b)' 'http://a`b`' 'http://a;b' $'http://a\nb' 'http://a#b'; do
	check "no URL: $(printf %q "$value")" warns "$value" "https_proxy is no URL"
done
for value in http://127.0.0.1:3128 localhost:3128 'http://u:p@127.9.9.9:1/' 'http://[::1]:3128'; do
	check "on loopback: $value" warns "$value" "loopback, which the machine cannot reach"
done
unset no_proxy
export https_proxy=http://127.0.0.1:3128
check "up says it" ends 0 "host_loopback: true" up
check "each time" ends 0 "host_loopback: true" up
check "and has nothing to do" ends 0 "nothing to do" up
check "one that cannot be reached is left out" ends 0 "host_loopback: true" up
check "and the one before taken back" has_no etc/cooper/proxy.env
check "everywhere" [ "$(guest etc/environment | tr '\n' ' ')" = "LANG=C " ]
check "for sessions, too" has_no etc/sudoers.d/50-cooper-proxy
check "services" has_no etc/systemd/system/podman.service.d/50-cooper-proxy.conf
unset https_proxy

certificate b25l >"$work/ca.pem"
printf 'a text\r\n' >>"$work/ca.pem" && certificate dHdv >>"$work/ca.pem" && certificate b25l >>"$work/ca.pem" && certificate 'x; rm -rf /' >>"$work/ca.pem"
export SSL_CERT_FILE=$work/ca.pem
check "authorities" ends 0 "network" up
check "each once, and nothing else" [ "$(trusted)" = "cooper-1.crt cooper-2.crt " ]
check "as they are" [ "$(guest usr/local/share/ca-certificates/cooper-2.crt)" = "$(certificate dHdv)" ]
certificate dHdv >"$work/ca.pem"
check "one goes" ends 0 "network" up
check "in the guest, too" [ "$(trusted)" = "cooper-1.crt " ]
image 2
check "a new OS disk" ends 0 "$foreign runs" up
check "is told again" [ "$(trusted)" = "cooper-1.crt " ]
echo none >"$work/words.pem"
SSL_CERT_FILE=$work/words.pem
check "a bundle of nothing is said" ends 3 "holds no certificate" "$cooper" plan
SSL_CERT_FILE=$work/none.pem
check "a bundle that is not there is said" ends 3 "does not trust the authorities in it" "$cooper" plan
unset SSL_CERT_FILE
check "none" ends 0 "network" up
check "all gone" [ "$(trusted)" = "" ]
check "nothing is left to do" ends 0 "nothing to do" up
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
