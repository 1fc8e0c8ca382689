#!/usr/bin/env python3
"""Looks for phrases that the workshop's texts avoid (docs/prose/plain.toml). Without an argument it fails where an area has more of
them than plain.toml allows. `plain.py PATH …` lists all of them in these files and folders."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG = "docs/prose/plain.toml"
# Texts that aren't the workshop's own words: recorded output, tests' expectations, and deliberate mistakes.
NOT_OURS = re.compile(r"^docs/(measurements|facts|diagnostics|programs|service|grading/.*\.(json|ya?ml))|/snapshots/|^xtask/.*/tests?[/.]|/skeleton/")


def tracked():
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    ).stdout.decode().split("\0")
    return sorted(name for name in names if name.endswith((".md", ".toml", ".rs")) and not NOT_OURS.search(name))


def blanked(text, pattern, flags=0):
    """The text with what fits replaced by spaces, so that lines keep their numbers."""
    return re.sub(pattern, lambda found: re.sub(r"[^\n]", " ", found.group()), text, flags=flags)


def of_markdown(text):
    text = blanked(text, r"^ *```.*?^ *```", re.M | re.S)
    text = blanked(text, r"<!-- generated.*?<!-- end of generated -->", re.S)
    # A number between its markers stays.
    text = re.sub(r"<!--.*?-->", "", text)
    text = blanked(text, r"<(pre|svg)\b.*?</\1>", re.S)
    text = re.sub(r"`[^`\n]*`", "`code`", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    yield from paragraphs(text.split("\n"), 1)


def paragraphs(lines, first):
    """Each paragraph, item, or row as one line, with the number of the line where it begins."""
    start, words = first, []
    for number, line in enumerate(lines, first):
        begins = re.match(r"\s*([-*|#>]|\d+\.)", line)
        if (not line.strip() or begins) and words:
            yield start, " ".join(words)
            words = []
        if line.strip():
            if not words:
                start = number
            words.append(line.strip())
    if words:
        yield start, " ".join(words)


def of_toml(text):
    """Strings and comments. A string on one line is enough: the texts for people are."""
    for number, line in enumerate(text.split("\n"), 1):
        comment = re.match(r"\s*#\s?(.*)", line)
        if comment:
            yield number, comment.group(1)
        for string in re.findall(r'"((?:[^"\\]|\\.)* (?:[^"\\]|\\.)*)"', line) if not comment else []:
            yield number, re.sub(r"`[^`]*`", "`code`", string.replace('\\"', '"'))


def of_rust(text):
    """Comments, and strings with a space in them, up to the tests of a file."""
    text = text.split("#[cfg(test)]\nmod tests {", 1)[0]
    text = blanked(text, r'r#+".*?"#+', re.S)
    block, start = [], 0
    for number, line in enumerate(text.split("\n") + [""], 1):
        comment = re.match(r"\s*//[/!]? ?(.*)", line)
        if comment:
            block, start = block + [re.sub(r"`[^`]*`", "`code`", comment.group(1))], start or number
        elif block:
            yield from paragraphs(block, start)
            block, start = [], 0
        if not comment:
            for string in re.findall(r'"((?:[^"\\]|\\.)* (?:[^"\\]|\\.)*)"', line):
                yield number, re.sub(r"`[^`]*`|\{[^}]*\}", "`code`", string)


READERS = {".md": of_markdown, ".toml": of_toml, ".rs": of_rust}


def sentences(text):
    return re.split(r"(?<=[.!?:])\s+(?=[A-Z`\"(*\[])", text)


def findings(name, config):
    fine = config["fine"]["phrases"]
    text = (ROOT / name).read_text(encoding="utf-8")
    for number, paragraph in READERS[Path(name).suffix](text):
        for sentence in sentences(paragraph):
            if any(phrase in sentence for phrase in fine):
                continue
            for rule in config["rule"]:
                if "only" in rule and not any(is_in(name, area) for area in rule["only"]):
                    continue
                for found in re.finditer(rule["compiled"], sentence):
                    yield f"{name}:{number}: \"{found.group().strip()[:60]}\": write {rule['instead']}\n    {sentence.strip()[:160]}"


def is_in(name, area):
    return name == area or name.startswith(area.rstrip("/") + "/")


def main():
    config = tomllib.loads((ROOT / CONFIG).read_text(encoding="utf-8"))
    for rule in config["rule"]:
        rule["compiled"] = re.compile(rule["pattern"])
    names = [name for name in tracked() if name != CONFIG]
    asked = [str(Path(path)).removeprefix("./") for path in sys.argv[1:]]
    if asked:
        found = [line for name in names if any(is_in(name, path) for path in asked) for line in findings(name, config)]
        print("\n".join(found))
        print(f"{len(found)} phrases")
        return 0
    status = 0
    for area, most in config["most"].items():
        found = [line for name in names if is_in(name, area) for line in findings(name, config)]
        if len(found) > most:
            print("\n".join(found[:40]))
            print(f"error: {area} has {len(found)} of the phrases in {CONFIG}, which allows {most}: write them as it says")
            print(f"  help: `docs/prose/plain.py PATH` lists all in a file or a folder")
            status = 1
        elif len(found) < most:
            print(f"error: {area} has only {len(found)} left: set `most` in {CONFIG} to that, so that none comes back")
            status = 1
    return status


sys.exit(main())
