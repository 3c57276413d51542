#!/usr/bin/env python3
"""Compares Cargo.lock with a folder of RustSec advisories: .ci/advisories.py Cargo.lock FOLDER.

FOLDER holds crates/NAME/RUSTSEC-*.md. Needs nothing but Python 3.11 and takes a second, where installing an audit tool
takes minutes. Ends with 1 when a locked package has an advisory that is neither withdrawn nor excused below.
"""

import pathlib
import re
import sys
import tomllib

# Advisory id -> why it doesn't reach us. Keep it empty if at all possible.
EXCUSED: dict[str, str] = {}

VERSION = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?")


def version(text):
    """A version as a tuple that sorts: a pre-release stands before its release."""
    major, minor, patch, pre = VERSION.match(text).groups()
    return int(major), int(minor or 0), int(patch or 0), pre is None, pre or ""


def next_breaking(wanted):
    major, minor, patch = wanted[:3]
    if major:
        return major + 1, 0, 0, True, ""
    return (0, minor + 1, 0, True, "") if minor else (0, 0, patch + 1, True, "")


def fits(have, requirement):
    """Whether a version meets a requirement such as `>= 1.2.3, < 2` or `^0.4.1`."""
    for part in requirement.split(","):
        operator, text = re.match(r"\s*(>=|<=|>|<|=|\^|~)?\s*(\S+)", part).groups()
        wanted = version(text)
        met = {
            ">=": have >= wanted,
            "<=": have <= wanted,
            ">": have > wanted,
            "<": have < wanted,
            "=": have[:3] == wanted[:3],
            "~": wanted <= have < (wanted[0], wanted[1] + 1, 0, True, ""),
        }.get(operator or "^", wanted <= have < next_breaking(wanted))
        if not met:
            return False
    return True


def advisories(folder, name):
    for file in sorted((folder / "crates" / name).glob("*.md")):
        yield tomllib.loads(file.read_text().split("```toml")[1].split("```")[0])


def findings(lock, folder):
    for package in lock:
        have = version(package["version"])
        for found in advisories(folder, package["name"]):
            about, versions = found["advisory"], found.get("versions", {})
            safe = versions.get("patched", []) + versions.get("unaffected", [])
            if "withdrawn" in about or about["id"] in EXCUSED or any(fits(have, one) for one in safe):
                continue
            yield f"{about['id']} {package['name']} {package['version']}: {about.get('informational', 'vulnerability')}"


def main():
    lock = tomllib.loads(pathlib.Path(sys.argv[1]).read_text())["package"]
    folder = pathlib.Path(sys.argv[2])
    known = sum(1 for _ in (folder / "crates").iterdir())
    found = list(findings(lock, folder))
    print(*found, f"{len(lock)} packages, {known} with advisories in the snapshot, {len(found)} findings", sep="\n")
    return 1 if found or not known else 0


if __name__ == "__main__":
    sys.exit(main())
