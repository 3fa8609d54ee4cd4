#!/usr/bin/env bash
# Installs what is missing: system packages (scripts/packages.txt) and the private environment .venv.
#   scripts/bootstrap.sh build|test|bench
# Needs git, make and Python 3.11 or later; uses sudo where it is not root. Says what it installs before it does.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:?usage: scripts/bootstrap.sh build|test|bench}

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Python 3.11 or later is needed, python3 is $(python3 --version 2>&1)" >&2
  exit 1
}

# Debian splits Python: the headers and venv may be packages of their own.
wanted=()
if [ "$purpose" != bench ]; then
  while read -r kind packages; do
    [[ $kind == "#" || -z $kind ]] && continue
    # The C++ tests are built with everything else, so their libraries belong to the build too.
    wanted+=("$packages")
  done < <(grep -v '^#' scripts/packages.txt)
  python3 -c 'import sysconfig, os, sys; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' || wanted+=(python3-dev)
  python3 -c 'import ensurepip, venv' 2>/dev/null || wanted+=(python3-venv)
fi

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'; }

missing=()
for entry in "${wanted[@]}"; do
  IFS='|' read -ra choices <<<"$entry"      # "a|b": the first that this release has
  found=
  for choice in "${choices[@]}"; do installed "$choice" && found=yes; done
  [ -n "$found" ] || missing+=("$entry")
done

if [ ${#missing[@]} -gt 0 ]; then
  sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -qq
  chosen=()
  for entry in "${missing[@]}"; do
    IFS='|' read -ra choices <<<"$entry"
    for choice in "${choices[@]}"; do
      if apt-cache show "$choice" >/dev/null 2>&1; then chosen+=("$choice"); break; fi
    done
  done
  echo "installing system packages: ${chosen[*]}"
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${chosen[@]}" >/dev/null
fi

if [ ! -x .venv/bin/python ]; then
  echo "making .venv"
  python3 -m venv .venv
  .venv/bin/python -m pip install -q --upgrade pip
fi
# What pyproject.toml lists for the purpose; the package itself is used from the tree, through a path file.
mapfile -t requirements < <(.venv/bin/python - "$purpose" <<'P'
import sys, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))
extras = project["project"]["optional-dependencies"]
print(*project["build-system"]["requires"], *project["project"]["dependencies"], sep="\n")
print(*extras["demo"], sep="\n")
if sys.argv[1] in ("test", "bench"):
    print(*extras["test"], sep="\n")
if sys.argv[1] == "bench":
    print(*extras["bench"], sep="\n")
P
)
.venv/bin/python -m pip install -q "${requirements[@]}"
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo "$PWD/python" >"$site/millstream-tree.pth"
cat >.venv/bin/millstream <<P
#!/bin/sh
exec "$PWD/.venv/bin/python" -m millstream "\$@"
P
chmod +x .venv/bin/millstream
