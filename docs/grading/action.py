#!/usr/bin/env python3
"""Reads composite actions of GitHub as a runner does, and ends with 1 when one of them is wrong: action.py ACTION.yml…

Needs PyYAML. actionlint reads workflows only. The rules are those of
https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax
"""

import re
import sys

import yaml

STEP = {"name", "id", "if", "shell", "run", "env", "uses", "with", "working-directory", "continue-on-error"}


def problems(text):
    action = yaml.safe_load(text)
    for key in ("name", "description", "runs"):
        if not action.get(key):
            yield f"`{key}` is missing"
    yield from (f"nothing is called `{key}`" for key in set(action) - {"name", "description", "author", "branding", "inputs", "outputs", "runs"})
    runs = action.get("runs") or {}
    if runs.get("using") != "composite":
        yield "it is not composite"
    inputs, outputs = action.get("inputs") or {}, action.get("outputs") or {}
    for name, about in {**inputs, **outputs}.items():
        if not about.get("description"):
            yield f"`{name}` has no description"
        # YAML reads `1` and `yes` as something other than text.
        if not isinstance(about.get("default", ""), str):
            yield f"the default of `{name}` is no text: quote it"
    steps = runs.get("steps") or []
    ids = {step["id"] for step in steps if "id" in step}
    for number, step in enumerate(steps, 1):
        yield from (f"step {number}: nothing is called `{key}`" for key in set(step) - STEP)
        if ("run" in step) == ("uses" in step):
            yield f"step {number}: one of `run` and `uses`"
        if "run" in step and "shell" not in step:
            yield f"step {number}: `run` needs a `shell` in an action"
        if "${{" in step.get("run", ""):
            yield f"step {number}: an expression in a script; give it as a variable"
    for expression in re.findall(r"\$\{\{(.*?)\}\}", text):
        for name in re.findall(r"\binputs\.([\w-]+)", expression):
            if name not in inputs:
                yield f"there is no input `{name}`"
        for name in re.findall(r"\bsteps\.([\w-]+)", expression):
            if name not in ids:
                yield f"there is no step `{name}`"
        if "secrets." in expression:
            yield "an action has no secrets: take an input"


def main(files):
    status = 0
    for file in files:
        with open(file, encoding="utf-8") as opened:
            text = opened.read()
        for problem in problems(text):
            print(f"{file}: {problem}")
            status = 1
        # It notices what is wrong.
        for old, new in (("using: composite", "using: node20"), ("shell: bash", "timeout: 5"), ("inputs.bin", "inputs.binary"), ("steps.measure", "steps.measured")):
            assert old not in text or list(problems(text.replace(old, new, 1))), f"{old} -> {new}: not noticed"
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
