#!/usr/bin/env python3
"""What a user would do without `capture`: the official Python client, minute by minute, into a Parquet file.

    client.py URL FILE.parquet FROM TO [json|arrow]
"""
import datetime
import sys

import pyarrow
import pyarrow.parquet
from logfire.query_client import LogfireQueryClient

COLUMNS = """attributes, attributes_json_schema, created_at, day, deployment_environment, duration, end_timestamp, exception_message,
    exception_stacktrace, exception_type, http_method, http_response_status_code, http_route, is_exception, kind, level, log_body,
    message, otel_events, otel_links, otel_resource_attributes, otel_scope_attributes, otel_scope_name, otel_scope_version,
    otel_status_code, otel_status_message, parent_span_id, process_pid, project_id, service_instance_id, service_name,
    service_namespace, service_version, span_id, span_name, start_timestamp, tags, telemetry_sdk_language, telemetry_sdk_name,
    telemetry_sdk_version, trace_id, url_full, url_path, url_query"""
MOST_ROWS = 10_000


def main(url, file, begin, end, form):
    begin, end = (datetime.datetime.fromisoformat(at) for at in (begin, end))
    rows = requests = 0
    writer = None
    # A minute of a busy service is about as much as an answer holds; what is more is halved.
    minutes = int((end - begin).total_seconds() // 60)
    queue = [(begin + datetime.timedelta(minutes=n), begin + datetime.timedelta(minutes=n + 1)) for n in reversed(range(minutes))]
    with LogfireQueryClient(read_token="any", base_url=url) as client:
        while queue:
            one, other = queue.pop()
            sql = f"SELECT {COLUMNS} FROM records_all WHERE start_timestamp >= '{one.isoformat()}' AND start_timestamp < '{other.isoformat()}'"
            asked = dict(min_timestamp=one - datetime.timedelta(microseconds=1), limit=MOST_ROWS)
            requests += 1
            if form == "arrow":
                table = client.query_arrow(sql, **asked)
            else:
                found = client.query_json_rows(sql, **asked)["rows"]
                table = pyarrow.Table.from_pylist(found) if found else None
            if table is not None and table.num_rows >= MOST_ROWS:
                middle = one + (other - one) / 2
                queue += [(middle, other), (one, middle)]
                continue
            if table is None or not table.num_rows:
                continue
            rows += table.num_rows
            if form == "arrow":
                writer = writer or pyarrow.parquet.ParquetWriter(file, table.schema, compression="zstd")
                writer.write_table(table.cast(writer.schema))
    if writer:
        writer.close()
    print(rows, requests)


if __name__ == "__main__":
    main(*sys.argv[1:])
