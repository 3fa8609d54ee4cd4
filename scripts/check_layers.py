"""Checks the ladder of layers: a folder of src/millstream may include only itself and those before it.

    python scripts/check_layers.py

Prints each include that points up the ladder, or from a public header into the sources; exits with 1 if there is one.
"""

import re
import sys
from pathlib import Path

# Layers on one line may not include each other.
LADDER = [
    ["base"],
    ["memory"],
    ["fs"],
    ["row"],
    ["spill", "scheduler"],
    ["function"],
    ["expr"],
    ["format"],
    ["plan"],
    ["optimizer"],
    ["exec"],
    ["api"],
    ["python", "cli"],
]
# Folders that are of no layer: what every test binary shares.
OUTSIDE = {"testing"}

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+"millstream/([^"]+)"', re.MULTILINE)


def main() -> int:
    height = {layer: level for level, layers in enumerate(LADDER) for layer in layers}
    wrong: list[str] = []
    for path in sorted((ROOT / "src/millstream").rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        parts = path.relative_to(ROOT / "src/millstream").parts
        if len(parts) == 1 or parts[0] in OUTSIDE:
            continue
        layer = parts[0]
        if layer not in height:
            wrong.append(f"{path.relative_to(ROOT)}: folder '{layer}' is not on the ladder in {Path(__file__).name}")
            continue
        for include in INCLUDE.findall(path.read_text()):
            target, _, rest = include.partition("/")
            if not rest or target in OUTSIDE:  # a public header, or what tests share
                if not rest and height[layer] < height["api"]:
                    wrong.append(f"{path.relative_to(ROOT)}: includes the public header {include}, which is above it")
                continue
            if target not in height:
                wrong.append(f"{path.relative_to(ROOT)}: includes {include}, which is of no layer")
            elif height[target] > height[layer] or (height[target] == height[layer] and target != layer):
                wrong.append(f"{path.relative_to(ROOT)}: '{layer}' includes '{target}' ({include}), which is not below it")
    for path in sorted((ROOT / "include").rglob("*.h")):
        for include in INCLUDE.findall(path.read_text()):
            if "/" in include:
                wrong.append(f"{path.relative_to(ROOT)}: a public header includes {include}, which is not installed")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    if not wrong:
        print("layers: every include points down the ladder")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
