#!/usr/bin/env python3
"""Makes a busy two hours of any size out of the recordings in fixtures/.

Healthy traffic is laid end to end on as many machines as it takes, with ids, machine names and process ids of its own;
one incident is shifted into the last hour. What is wrong in the result is what is wrong in that recording.

    make.py RECORDS FILE.parquet [--machines N] [--incident CASE]
"""
import argparse
import pathlib
import sys

import duckdb

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
# Traffic without a hang, an error that a request didn't survive, or a pause.
HEALTHY = "healthy-load"
BEGIN = "2026-11-23T08:00:00Z"
LENGTH_S = 7200
# The incident ends this long before the two hours do.
TAIL_S = 60
JSON = [
    "attributes", "attributes_json_schema", "log_body", "otel_events", "otel_links", "otel_resource_attributes", "otel_scope_attributes",
]
TIMES = ["start_timestamp", "end_timestamp", "created_at"]
OTHER = {
    "duration": "DOUBLE", "level": "INTEGER", "process_pid": "INTEGER", "http_response_status_code": "INTEGER",
    "is_exception": "BOOLEAN", "tags": "VARCHAR[]",
}
TEXT = [
    "trace_id", "span_id", "parent_span_id", "kind", "span_name", "message", "exception_type", "exception_message",
    "exception_stacktrace", "otel_status_code", "otel_status_message", "otel_scope_name", "otel_scope_version", "service_name",
    "service_namespace", "service_version", "service_instance_id", "deployment_environment", "telemetry_sdk_name",
    "telemetry_sdk_language", "telemetry_sdk_version", "http_route", "http_method", "url_full", "url_path", "url_query",
]
COLUMNS = {**{c: "JSON" for c in JSON}, **{c: "TIMESTAMPTZ" for c in TIMES}, **OTHER, **{c: "VARCHAR" for c in TEXT}}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=int, help="about so many rows in all")
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--machines", type=int, help="healthy machines beside the incident (default: one for each 90,000 records)")
    parser.add_argument("--incident", default="partial-connect-hang", help="a folder of fixtures/, or none")
    return parser.parse_args()


def load(con, name, table):
    spec = "{" + ", ".join(f"'{column}': '{kind}'" for column, kind in COLUMNS.items()) + "}"
    path = FIXTURES / name / "records.ndjson.zst"
    con.sql(
        f"CREATE TABLE {table} AS SELECT *, "
        "CAST(extract(epoch FROM start_timestamp - min(start_timestamp) OVER ()) * 1e6 AS BIGINT) AS at_us "
        f"FROM read_json('{path}', format='newline_delimited', columns={spec}, maximum_object_size=10000000)"
    )


def main():
    asked = arguments()
    machines = asked.machines or max(1, asked.records // 90_000)
    con = duckdb.connect()
    con.sql("SET TimeZone='UTC'; SET memory_limit='2GB'; SET threads=2; SET preserve_insertion_order=false")
    load(con, HEALTHY, "healthy")
    (rows, length_us), = con.sql("SELECT count(*), max(at_us) + 1000000 FROM healthy WHERE kind <> 'log'").fetchall()
    # The last lap is cut off.
    laps = -(-LENGTH_S * 1_000_000 // length_us)
    # Of all traces of a lap each machine keeps the share that gives the wanted number.
    share = min(1.0, asked.records / (machines * laps * rows))
    columns = ", ".join(sorted(COLUMNS))
    # A machine's own name stands in its ids and in its resource, and its listener and start lines are left out after the first lap.
    con.sql(f"""
        CREATE VIEW traffic AS SELECT * REPLACE (
            md5(concat(trace_id, m, '/', lap)) AS trace_id,
            substr(md5(concat(span_id, m, '/', lap)), 1, 16) AS span_id,
            CASE WHEN parent_span_id IS NOT NULL THEN substr(md5(concat(parent_span_id, m, '/', lap)), 1, 16) END AS parent_span_id,
            TIMESTAMPTZ '{BEGIN}' + to_microseconds(at_us + lap * {length_us}) AS start_timestamp,
            TIMESTAMPTZ '{BEGIN}' + to_microseconds(at_us + lap * {length_us}) + (end_timestamp - start_timestamp) AS end_timestamp,
            TIMESTAMPTZ '{BEGIN}' + to_microseconds(at_us + lap * {length_us}) + (created_at - start_timestamp) AS created_at,
            concat('healthy', m) AS service_instance_id,
            20000 + m AS process_pid,
            CAST(replace(replace(CAST(otel_resource_attributes AS VARCHAR), service_instance_id, concat('healthy', m)),
                concat('"process.pid":', process_pid), concat('"process.pid":', 20000 + m)) AS JSON) AS otel_resource_attributes
        )
        FROM healthy CROSS JOIN range({machines}) AS machines (m) CROSS JOIN range({laps}) AS laps (lap)
        WHERE (kind <> 'log' OR lap = 0 AND (message LIKE 'starting%' OR at_us < 1000000))
          AND at_us + lap * {length_us} < {(LENGTH_S - TAIL_S) * 1_000_000}
          AND hash(concat(trace_id, m, '/', lap)) % 10000 < {round(share * 10000)}
    """)
    parts = [f"SELECT {columns} FROM traffic"]
    if asked.incident != "none":
        load(con, asked.incident, "incident")
        (last_us,), = con.sql("SELECT max(at_us) FROM incident").fetchall()
        begin = f"TIMESTAMPTZ '{BEGIN}' + to_microseconds({(LENGTH_S - TAIL_S) * 1_000_000 - last_us} + at_us)"
        con.sql(f"""
            CREATE VIEW trouble AS SELECT * REPLACE (
                {begin} AS start_timestamp,
                {begin} + (end_timestamp - start_timestamp) AS end_timestamp,
                {begin} + (created_at - start_timestamp) AS created_at
            ) FROM incident
        """)
        parts.append(f"SELECT {columns} FROM trouble")
    con.sql(
        f"COPY (SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY start_timestamp) TO '{asked.file}' "
        "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000)"
    )
    (count,), = con.sql(f"SELECT count(*) FROM '{asked.file}'").fetchall()
    print(f"{count} records, {machines} healthy machines and {asked.incident}: {asked.file.stat().st_size >> 20} MB", file=sys.stderr)


main()
