#!/usr/bin/env python3
"""Reads the reports of a run as others read them, and ends with 1 when one of them cannot.

    docs/grading/consume.py GRADES

Needs junitparser and jsonschema (`python3 -m pip install junitparser jsonschema`). Each check is also given a report that was
broken on purpose, and must notice.
"""

import copy
import csv
import json
import pathlib
import sys

import jsonschema
import junitparser

HERE = pathlib.Path(__file__).resolve().parent
COLUMNS = ("assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,late_submission_penalty,score,max_score,"
           "status,size_bytes,size_baseline,sandbox,override_reason,needs_review").split(",")


def junit(path):
    """A CI server's reader: every case has one result at most, and the totals are those that it counts itself."""
    xml = junitparser.JUnitXml.fromfile(str(path))
    said = {suite.name: (suite.tests, suite.failures, suite.errors, suite.skipped) for suite in xml}
    assert said, "no suites"
    for suite in xml:
        names = [case.name for case in suite]
        assert len(set(names)) == len(names), f"{suite.name}: a name stands twice"
        assert all(len(case.result) <= 1 for case in suite), "a case with two results"
        suite.update_statistics()
        counted = (suite.tests, suite.failures, suite.errors, suite.skipped)
        assert counted == said[suite.name], f"{suite.name}: says {said[suite.name]}, holds {counted}"
    return sum(tests for tests, *_ in said.values())


def table(path):
    """A spreadsheet's reader: nbgrader's columns, numbers that are numbers, and no cell that is a formula."""
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, strict=True)
        assert reader.fieldnames == COLUMNS, reader.fieldnames
        rows = list(reader)
    for row in rows:
        assert None not in row and None not in row.values(), f"not as many cells as columns: {row}"
        for column in ("raw_score", "late_submission_penalty", "score", "max_score"):
            assert row[column] == "" or float(row[column]) >= 0, row
        if row["score"]:
            left = float(row["raw_score"]) - float(row["late_submission_penalty"])
            assert abs(left - float(row["score"])) < 0.001, row
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row.values()), row
    return rows


def differences(path):
    """What changed since the report before: every line names a kind of change and something that is no longer as it was."""
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, strict=True)
        assert reader.fieldnames == ["student_id", "exercise", "change", "before", "after", "why"], reader.fieldnames
        rows = list(reader)
    for row in rows:
        assert None not in row and None not in row.values(), f"not as many cells as columns: {row}"
        assert row["change"] in ("score", "status", "review", "appeared", "vanished"), row
        assert row["before"] != row["after"] or row["why"], row
    return rows


def valid(document, schema):
    jsonschema.Draft202012Validator(schema).validate(document)


def schema(path):
    """A schema for a reader of this release: readers must take a key that is added later, but none is added without a word."""
    found = json.loads((HERE / path).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    tighten(found)
    return found


def tighten(part):
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        tighten(inner)
    if isinstance(part, dict) and part.get("type") == "object" and "properties" in part:
        part.setdefault("additionalProperties", False)


def refuses(check, *broken):
    """Whether a check notices what is wrong."""
    try:
        check(*broken)
    except (AssertionError, jsonschema.ValidationError, junitparser.JUnitXmlError, SyntaxError):
        return True
    return False


def main(grades):
    cases = junit(grades / "junit.xml")
    rows = table(grades / "grades.csv")
    book = json.loads((grades / "grades.json").read_text(encoding="utf-8"))
    valid(book, schema("../schemas/gradebook-1.json"))
    assert len(book["rows"]) == len(rows), "the CSV and the JSON have the same rows"
    for row, cells in zip(book["rows"], rows):
        assert (f"{row['score']:g}" if row["score"] is not None else "") == cells["score"], (row["student"], cells)
    if (grades / "changes.csv").exists():
        differences(grades / "changes.csv")
    if (grades / "similar/similar.json").exists():
        similar = json.loads((grades / "similar/similar.json").read_text(encoding="utf-8"))
        valid(similar, schema("../schemas/similar-1.json"))
        for pair in (pair for exercise in similar["exercises"] for pair in exercise["pairs"]):
            assert (grades / "similar" / pair["page"]).exists(), pair["page"]
        assert refuses(valid, {**similar, "verdict": "copied"}, schema("../schemas/similar-1.json")), "similar.json: not noticed"
    results = sorted((grades / "gradescope").glob("*.json"))
    assert results, "no results for Gradescope"
    for path in results:
        valid(json.loads(path.read_text(encoding="utf-8")), schema("schema/gradescope.json"))

    broken = grades / "broken"
    xml = (grades / "junit.xml").read_text(encoding="utf-8")
    for number, text in enumerate((xml.replace("<failure ", "<error ").replace("</failure>", "</error>"), xml[:-20])):
        broken.write_text(text, encoding="utf-8")
        assert refuses(junit, broken), f"JUnit {number}: not noticed"
    text = (grades / "grades.csv").read_text(encoding="utf-8")
    for number, text in enumerate((text.replace("raw_score,", "raw,", 1), text + "=1+1" + "," * 16 + "\n", text + "ex1\n")):
        broken.write_text(text, encoding="utf-8")
        assert refuses(table, broken), f"CSV {number}: not noticed"
    broken.write_text("student_id,exercise,change,before,after,why\ns001,ex1,copied,,x,\n", encoding="utf-8")
    assert refuses(differences, broken), "changes: not noticed"
    broken.unlink()
    for change in ({"score": "10"}, {"status": "passed"}, {"late_submission_penalty": -1}, {"more": 1}, {"sandbox": "some"},
                   {"answer_decisions": {"why": {"points": 1}}}):
        other = copy.deepcopy(book)
        other["rows"][0].update(change)
        assert refuses(valid, other, schema("../schemas/gradebook-1.json")), f"JSON {change}: not noticed"
    assert refuses(valid, {"score": 1, "tests": [{"points": 1}]}, schema("schema/gradescope.json")), "Gradescope: not noticed"
    print(f"read: {cases} JUnit cases, {len(rows)} rows of CSV and JSON, {len(results)} results for Gradescope")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
