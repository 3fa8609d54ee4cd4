#!/bin/bash
# A web server (nginx) for tests, on free ports of 127.0.0.1.
#   http.sh up DIR      starts it, serving the files in DIR/www, and prints {"http": URL, "https": URL, "ca": FILE, "www": DIR}
#   http.sh down DIR    stops it
# Places: /plain/ ranges and ETags; /norange/ no ranges; /noetag/ ranges without ETag; /nohead/ refuses HEAD;
# /auth/ user etl, password etlpw; /redirect/ to /plain/; /loop/ redirects for ever; /encoded/ compresses on the fly where
# asked to; /slow/ 200 kB/s; /limited/ 429 beyond 5 requests a second; /status/NNN that status; /drop closes without an answer.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
[ $# = 2 ] || { sed -n '2,4s/^# \?//p' "$0" >&2; exit 2; }
command=$1 dir=$2

certificates() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=Millstream test CA" -keyout ca.key -out ca.pem
  openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr
  openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out server.pem \
    -extfile <(echo subjectAltName=IP:127.0.0.1,DNS:localhost)
}

configuration() {
  cat <<C
daemon off; master_process off; worker_processes 1; pid $dir/nginx.pid; error_log $dir/error.log;
$([ "$(id -u)" = 0 ] && echo "user root;")
events { worker_connections 512; }
http {
  access_log $dir/access.log;
  client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
  types { text/csv csv; } default_type application/octet-stream;
  limit_req_zone \$binary_remote_addr zone=limited:1m rate=5r/s;
  keepalive_requests 100000;
  server {
    listen 127.0.0.1:$http; listen 127.0.0.1:$https ssl; ssl_certificate $dir/server.pem; ssl_certificate_key $dir/server.key;
    location /plain/ { alias $dir/www/; }
    location /norange/ { alias $dir/www/; max_ranges 0; }
    location /noetag/ { alias $dir/www/; etag off; if_modified_since off; add_header Last-Modified ""; }
    location /nohead/ { alias $dir/www/; if (\$request_method = HEAD) { return 403; } }
    location /auth/ { alias $dir/www/; auth_basic x; auth_basic_user_file $dir/htpasswd; }
    location /redirect/ { rewrite ^/redirect/(.*)\$ http://127.0.0.1:$http/plain/\$1 redirect; }
    location /loop/ { rewrite ^(.*)\$ http://127.0.0.1:$http\$1 redirect; }
    location /encoded/ { alias $dir/www/; gzip on; gzip_types text/csv; gzip_min_length 1; }
    location /slow/ { alias $dir/www/; limit_rate 200k; }
    location /limited/ { alias $dir/www/; limit_req zone=limited; limit_req_status 429; }
    location /status/404 { return 404; }
    location /status/403 { return 403; }
    location /status/500 { return 500; }
    location /status/503 { return 503; }
    location /drop { return 444; }
  }
}
C
}

case $command in
up)
  nginx=$(command -v nginx || ls /usr/sbin/nginx 2>/dev/null) || { echo "nginx not found: apt-get install nginx-light" >&2; exit 3; }
  mkdir -p "$dir/www"
  (cd "$dir" && certificates >certificates.log 2>&1) || { cat "$dir/certificates.log" >&2; exit 1; }
  printf 'etl:%s\n' "$(openssl passwd -apr1 etlpw)" >"$dir/htpasswd"
  for attempt in 1 2 3; do # a port may be taken between the look and the start
    http=$(free_port) https=$(free_port)
    configuration >"$dir/nginx.conf"
    "$nginx" -p "$dir" -e "$dir/error.log" -c "$dir/nginx.conf" >"$dir/log" 2>&1 </dev/null &
    echo $! >"$dir/pid"
    if wait_until 5 port_open "$http" && kill -0 "$(cat "$dir/pid")" 2>/dev/null; then break; fi
    stop "$dir/pid"
    [ "$attempt" -lt 3 ] || { cat "$dir/error.log" >&2; exit 1; }
  done
  echo "{\"http\": \"http://127.0.0.1:$http\", \"https\": \"https://127.0.0.1:$https\", \"ca\": \"$dir/ca.pem\", \"www\": \"$dir/www\"}"
  ;;
down) stop "$dir/pid" ;;
*) echo "unknown command '$command'" >&2; exit 2 ;;
esac
