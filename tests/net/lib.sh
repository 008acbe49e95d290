# Sourced by the tests and benches of net/fetch: a real nginx with TLS and HTTP/2 under an authority made for the day.
# shellcheck shell=bash disable=SC2034  # what is set here is for those who source it

# free_port - one that nothing listens on now
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# make_certificate DIR - DIR/ca.pem, and DIR/server.pem with its key for 127.0.0.1 and 10.77.0.1
make_certificate() {
	local new=(openssl req -quiet -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
	openssl req -help 2>&1 | grep -q -- -quiet || new=(openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
	"${new[@]}" -x509 -keyout "$1/ca.key" -out "$1/ca.pem" -days 2 -subj "/CN=for one day" 2>/dev/null &&
		"${new[@]}" -keyout "$1/server.key" -out "$1/server.csr" -subj "/CN=127.0.0.1" 2>/dev/null &&
		openssl x509 -req -in "$1/server.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" -CAcreateserial -days 2 \
			-out "$1/server.pem" -extfile <(echo "subjectAltName=IP:127.0.0.1,IP:10.77.0.1") 2>/dev/null
}

# start_nginx DIR ADDRESS [COMMAND...] - serves DIR/www at $plain (http) and $secure (https, HTTP/2); DIR/access has a
# line per request: connection, protocol, status, bytes of body sent, target, Range. /slow/ is limited to 4 MiB/s.
# COMMAND (`ip netns exec NAME`) runs it elsewhere. Its process id is in $nginx_pid.
start_nginx() {
	local dir=$1 address=$2 port tls_port
	shift 2
	port=$(free_port) tls_port=$(free_port)
	mkdir -p "$dir/www" "$dir/tmp"
	cat >"$dir/nginx.conf" <<-EOF
		daemon off; master_process off; worker_processes 1;
		pid $dir/nginx.pid; error_log $dir/error warn;
		events { worker_connections 512; }
		http {
			log_format ours '\$connection \$server_protocol \$status \$body_bytes_sent \$request_uri \$http_range';
			access_log $dir/access ours;
			client_body_temp_path $dir/tmp; proxy_temp_path $dir/tmp; fastcgi_temp_path $dir/tmp;
			uwsgi_temp_path $dir/tmp; scgi_temp_path $dir/tmp;
			sendfile on; keepalive_requests 100000;
			server {
				listen $address:$port;
				listen $address:$tls_port ssl http2;
				ssl_certificate $dir/server.pem; ssl_certificate_key $dir/server.key;
				root $dir/www;
				location /slow/ { alias $dir/www/; limit_rate 4m; }
			}
		}
	EOF
	"$@" nginx -p "$dir" -e "$dir/error" -c "$dir/nginx.conf" >/dev/null 2>&1 &
	nginx_pid=$!
	plain=http://$address:$port secure=https://$address:$tls_port
	local i
	for ((i = 0; i < 40; i++)); do
		"$@" curl -s -m 1 --noproxy '*' -o /dev/null "$plain/" && : >"$dir/access" && return 0
		sleep 0.05
	done
	echo "nginx does not answer:" >&2
	cat "$dir/error" >&2
	return 1
}
