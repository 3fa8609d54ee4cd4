"""The `millstream` command: hands over to the program that was built or installed with this package."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def program() -> Path | None:
    """The installed program lies in the package; in a source tree it is where the release preset builds it."""
    candidates = [PACKAGE / "bin/millstream", PACKAGE.parent.parent / "build/release/bin/millstream"]
    return next((path for path in candidates if path.is_file()), None)


def main() -> int:
    found = program()
    if found is None:
        print("millstream: the program is not there; build it with `make build`, or install the package anew", file=sys.stderr)
        return 1
    os.execv(found, ["millstream", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
