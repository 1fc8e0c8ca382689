#!/usr/bin/env python3
"""Prints the milliseconds of CPU time that compiling config_tool and serde takes under a profile: the best of five builds.

Only what goes into the program is compiled again each time, not the macros that run inside the compiler: no profile of
the program applies to those. Usage: compile-time.py PROFILE
"""

import resource
import subprocess
import sys

BUILDS = 5
PACKAGES = ["config_tool", "serde_json", "serde_core", "serde", "itoa", "memchr", "zmij"]


def main(profile: str) -> None:
    folder = ["--target-dir", "target/book/compile-time", "--profile", profile]
    build = ["cargo", "build", "--quiet", "--locked", "--package", "config_tool", *folder]
    subprocess.run(build, check=True)
    times = []
    for _ in range(BUILDS):
        names = [argument for package in PACKAGES for argument in ("--package", package)]
        subprocess.run(["cargo", "clean", "--quiet", *names, *folder], check=True)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(build, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime - before.ru_utime)
    print(round(1000 * min(times)))


if __name__ == "__main__":
    main(sys.argv[1])
