# Shared by the server scripts: free ports, waiting until ready, stopping by process id. Sourced, not run.

# A TCP port of 127.0.0.1 that nobody listens on, and whose gRPC twin (port + 10000) is free too.
free_port() {
  local port
  for _ in $(seq 200); do
    port=$((20000 + RANDOM % 20000))
    if ! port_open "$port" && ! port_open $((port + 10000)); then echo "$port"; return 0; fi
  done
  echo "no free port found" >&2
  return 1
}

port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# wait_until SECONDS COMMAND...: tries every 50 ms.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { echo "not ready in time: $*" >&2; return 1; }
    sleep 0.05
  done
}

# stop PIDFILE: asks the process to end, and insists after 5 seconds.
stop() {
  local pid
  pid=$(cat "$1" 2>/dev/null) || return 0
  rm -f "$1"
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.05
  done
  kill -9 "$pid" 2>/dev/null || true
}
