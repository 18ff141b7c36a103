#!/usr/bin/env python3
"""Makes a busy two hours of any size out of the recordings in fixtures/.

Healthy traffic is laid end to end on as many machines as it takes, with ids, machine names and process ids of its own;
one incident is shifted so that it ends with the hours. What is wrong in the result is what is wrong in that recording.

    make.py RECORDS FILE.parquet [--machines N] [--hours N] [--incident CASE]
"""
import argparse
import pathlib
import sys

import duckdb

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
# Traffic without a hang, an error that a request didn't survive, or a pause.
HEALTHY = "healthy-load"
INCIDENT = "partial-connect-hang"
# So many records a machine makes in two hours, when nothing of the recording is left out.
A_MACHINE = 90_000
A_SLICE = 1_000_000
FORMAT = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000"
END = "2026-11-23T10:00:00Z"
HOURS = 2
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
# How many microseconds from the first record of its recording.
AT = "CAST(extract(epoch FROM start_timestamp - min(start_timestamp) OVER ()) * 1e6 AS BIGINT) AS at_us"


def load(con, name, table):
    spec = "{" + ", ".join(f"'{column}': '{kind}'" for column, kind in COLUMNS.items()) + "}"
    path = FIXTURES / name / "records.ndjson.zst"
    read = f"read_json('{path}', format='newline_delimited', columns={spec}, maximum_object_size=10000000)"
    con.sql(f"CREATE TABLE {table} AS SELECT *, {AT} FROM {read}")


def moved(to):
    """The times of a record that begins at another time."""
    return f"""{to} AS start_timestamp, {to} + (end_timestamp - start_timestamp) AS end_timestamp,
        {to} + (created_at - start_timestamp) AS created_at"""


def traffic(con, records, machines, hours):
    """The view of healthy records."""
    load(con, HEALTHY, "healthy")
    # A recording begins with its process; what follows is laid end to end.
    (rows, lap_us), = con.sql("SELECT count(*), max(at_us) + 1000000 FROM healthy WHERE kind <> 'log'").fetchall()
    laps = -(-hours * 3_600_000_000 // lap_us)
    # Of all traces of a lap each machine keeps the share that gives the wanted number.
    share = round(min(1.0, records / (machines * laps * rows)) * 10_000)
    # No two machines do the same thing in the same microsecond.
    at = f"(at_us + lap * {lap_us} + m * 137911)"
    begin = f"TIMESTAMPTZ '{END}' - INTERVAL {hours} HOURS + to_microseconds({at})"
    # A machine's name stands in its ids and in its resource; its own lines of log are those of its start.
    con.sql(f"""
        CREATE VIEW traffic AS SELECT * REPLACE (
            md5(concat(trace_id, m, '/', lap)) AS trace_id,
            substr(md5(concat(span_id, m, '/', lap)), 1, 16) AS span_id,
            CASE WHEN parent_span_id IS NOT NULL THEN substr(md5(concat(parent_span_id, m, '/', lap)), 1, 16) END AS parent_span_id,
            {moved(begin)},
            concat('healthy', m) AS service_instance_id,
            20000 + m AS process_pid,
            CAST(replace(replace(CAST(otel_resource_attributes AS VARCHAR), service_instance_id, concat('healthy', m)),
                concat('"process.pid":', process_pid), concat('"process.pid":', 20000 + m)) AS JSON) AS otel_resource_attributes
        )
        FROM healthy CROSS JOIN range({machines}) AS machines (m) CROSS JOIN range({laps}) AS laps (lap)
        WHERE (kind <> 'log' OR lap = 0 AND (message LIKE 'starting%' OR at_us < 1000000))
          AND {at} < {hours * 3_600_000_000}
          AND hash(concat(trace_id, m, '/', lap)) % 10000 < {share}
    """)


def trouble(con, case):
    """The view of the incident's records."""
    load(con, case, "incident")
    (last_us,), = con.sql("SELECT max(at_us) FROM incident").fetchall()
    begin = f"TIMESTAMPTZ '{END}' + to_microseconds(at_us - {last_us} - 1)"
    con.sql(f"CREATE VIEW trouble AS SELECT * REPLACE ({moved(begin)}) FROM incident")


def make(file, records, machines=None, hours=HOURS, incident=INCIDENT):
    """Writes the file, and gives the number of its records. Without machines there is only the incident."""
    machines = max(1, records // A_MACHINE) if machines is None else machines
    con = duckdb.connect()
    con.sql("SET TimeZone='UTC'; SET memory_limit='4GB'; SET threads=2; SET preserve_insertion_order=false")
    views = []
    if machines:
        traffic(con, records, machines, hours)
        views.append("traffic")
    if incident != "none":
        trouble(con, incident)
        views.append("trouble")
    columns = ", ".join(sorted(COLUMNS))
    rows = " UNION ALL ".join(f"SELECT {columns} FROM {view}" for view in views)
    # One slice of time after the other: to sort everything at once takes many times the memory.
    slices = max(1, records // A_SLICE)
    parts = [file.with_name(f"{file.name}.{number}") for number in range(slices)]
    edges = [f"TIMESTAMPTZ '{END}' - to_microseconds({hours * 3_600_000_000 * left // slices})" for left in range(slices, -1, -1)]
    for number, part in enumerate(parts):
        # What the incident has before the first slice belongs to it.
        bounds = [f"start_timestamp >= {edges[number]}"] * (number > 0) + [f"start_timestamp < {edges[number + 1]}"]
        con.sql(f"COPY (SELECT * FROM ({rows}) WHERE {' AND '.join(bounds)} ORDER BY start_timestamp) TO '{part}' ({FORMAT})")
    if slices == 1:
        parts[0].rename(file)
    else:
        con.sql("SET preserve_insertion_order=true")
        con.sql(f"COPY (FROM read_parquet([{', '.join(repr(str(part)) for part in parts)}])) TO '{file}' ({FORMAT})")
        for part in parts:
            part.unlink()
    (count,), = con.sql(f"SELECT count(*) FROM '{file}'").fetchall()
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=int, help="about so many rows in all")
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--machines", type=int, help=f"healthy ones beside the incident (default: one for each {A_MACHINE} records)")
    parser.add_argument("--hours", type=int, default=HOURS)
    parser.add_argument("--incident", default=INCIDENT, help="a folder of fixtures/, or none")
    asked = parser.parse_args()
    count = make(asked.file, asked.records, asked.machines, asked.hours, asked.incident)
    print(f"{count} records, {asked.file.stat().st_size >> 20} MB", file=sys.stderr)


if __name__ == "__main__":
    main()
