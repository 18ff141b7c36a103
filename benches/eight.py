#!/usr/bin/env python3
"""Asks DuckDB eight of diagnose's questions, its very SQL with DuckDB's words put in: `eight.py FILE.parquet STATEMENTS.json`.

The statements are those that diagnose sends; each is taken apart into its questions. Prints the seconds of each.
"""
import json
import re
import sys
import time

import duckdb

# The ninth, `attempts`, reads a few failed connects.
QUESTIONS = ["traffic", "processes", "unfinished", "trouble", "runs", "affected", "contrast", "occupancy"]
WORDS = [
    (r"TIMESTAMP\(6\) WITH TIME ZONE", "TIMESTAMPTZ"),
    (r"\bregexp_like\(", "regexp_matches("),
    (r"\bfirst_value\(", "first("),
    # Of integers; here it would give a fraction.
    (r" / ", " // "),
    (r"\bat\b", '"at"'),
]


def questions(statement):
    """The sections of a batch by their names."""
    inner = statement[statement.index("FROM (") + 6 : statement.rindex(") AS batch")]
    # What the branches share stands before them.
    shared, inner = re.fullmatch(r"(.*?)(SELECT '\w+' AS section.*)", inner, re.DOTALL).groups()
    for part in re.split(r" UNION ALL (?=SELECT '\w+' AS section)", inner):
        name = re.match(r"SELECT '(\w+)'", part)[1]
        yield name, shared + part[part.index(" FROM (") + 7 : part.rindex(") AS q")]


def in_duckdb(sql):
    parts = re.split(r"('(?:[^']|'')*')", sql)
    for place in range(0, len(parts), 2):
        for pattern, word in WORDS:
            parts[place] = re.sub(pattern, word, parts[place])
    return "".join(parts)


def main():
    path, statements = sys.argv[1:]
    con = duckdb.connect()
    con.sql("SET TimeZone='UTC'; SET threads=2")
    con.sql(f"CREATE VIEW records_all AS FROM '{path}'")
    took = {}
    for statement in json.load(open(statements)):
        for name, sql in questions(statement):
            if name not in QUESTIONS:
                continue
            sql = in_duckdb(sql)
            began = time.perf_counter()
            con.execute(sql).fetchall()
            took[name] = round(time.perf_counter() - began, 3)
    assert sorted(took) == sorted(QUESTIONS), took
    print(json.dumps(took))


if __name__ == "__main__":
    main()
