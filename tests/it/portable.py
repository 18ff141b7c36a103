"""Runs statements on one version of stock DataFusion and prints their rows.

    portable.py PARQUET STATEMENTS.json

`->>` and `time_bucket`, which Logfire adds to the engine, are stood in for.
"""

import json
import re
import sys

import datafusion
import pyarrow as pa
from datafusion import SessionConfig, SessionContext, udf


def json_text(documents, keys):
    def one(document, key):
        value = None if document is None else json.loads(document).get(key)
        return value if value is None or isinstance(value, str) else json.dumps(value)

    key = keys[0].as_py() if len(keys) else None
    return pa.array([one(document.as_py(), key) for document in documents], pa.string())


def stock(sql):
    """The statement without what only Logfire knows."""
    return re.sub(r"([a-z_]+)->>('(?:[^']|'')*')", r"json_text(\1, \2)", sql)


def told(value):
    """A cell as every version tells it: lists are in no order."""
    if isinstance(value, float):
        return value
    if isinstance(value, str) and re.search("[; ,\n]", value):
        return sorted(re.split("[; ,\n]", value))
    return None if value is None else str(value)


def rows(context, sql):
    found = []
    for batch in context.sql(stock(sql)).collect():
        # Names and cells: how a version types its text is its own business.
        for row in batch.to_pylist():
            found.append([[name, told(value)] for name, value in sorted(row.items())])
    # By all that is no float: their last digits are not the same.
    return sorted(found, key=lambda row: json.dumps([cell for cell in row if not isinstance(cell[1], float)]))


def main():
    path, statements = sys.argv[1:]
    config = SessionConfig().with_target_partitions(2).set("datafusion.execution.time_zone", "UTC")
    context = SessionContext(config)
    context.register_udf(udf(json_text, [pa.string(), pa.string()], pa.string(), "immutable", "json_text"))
    context.register_parquet("records_all", path)
    context.sql("CREATE VIEW records AS SELECT * FROM records_all WHERE kind <> 'pending_span'").collect()
    answers = {}
    for name, sql in json.load(open(statements, encoding="utf-8")).items():
        answers[name] = rows(context, sql)
    json.dump({"version": datafusion.__version__, "answers": answers}, sys.stdout)


main()
