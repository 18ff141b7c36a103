#!/usr/bin/env python3
"""Measures `capture` beside the official Python client, and an hour out of an archive of a month. Prints Markdown.

    pip install duckdb pyarrow 'logfire>=5,<6' 'httpx<1' 'moto[server]' boto3
    cargo build --release --features remote
    python3 benches/capture.py [--only rows|archive]

The files are made once and kept in `target/busy`, as those of busy.py.
"""
import argparse
import datetime
import os
import pathlib
import platform
import shutil
import sys
import tempfile

import busy
import make

HERE = pathlib.Path(__file__).resolve().parent
# What the figures must be, times and MiB.
TIMES_AS_FAST = 5
MEMORY_BOUND = 300
HOUR = ["--since", "1h"]


def beside_the_client(bench, records):
    path = bench.file(f"busy-{records}", records)
    end = datetime.datetime.fromisoformat(make.END)
    begin = end - datetime.timedelta(hours=3)
    print(f"\n### {busy.rows(path):,} records from `serve` into a Parquet file\n\n| what | seconds | peak MiB | requests | MB | bytes a record |\n| --- | --- | --- | --- | --- | --- |", flush=True)
    took_by = {}
    with tempfile.TemporaryDirectory() as folder, busy.Server(bench.binary, path) as server:
        folder = pathlib.Path(folder)
        os.environ.update(LOGFIRE_READ_TOKEN="any", LOGFIRE_BASE_URL=server.url)
        kept = folder / "kept.parquet"
        window = ["--from", (begin + datetime.timedelta(hours=1)).isoformat(), "--to", end.isoformat()]
        ways = {
            "relay-diag capture": [bench.binary, "capture", kept, *window, "--max-queries", "400", "--force", "--format", "json"],
            "official client, Arrow": [sys.executable, HERE / "client.py", server.url, folder / "arrow.parquet", begin.isoformat(), end.isoformat(), "arrow"],
            "official client, JSON rows (nothing written)": [sys.executable, HERE / "client.py", server.url, folder / "json.parquet", begin.isoformat(), end.isoformat(), "json"],
        }
        for name, command in ways.items():
            runs = busy.RUNS if "JSON" not in name else 1
            text, took, peak = busy.best(command, runs)
            took_by[name] = took
            if name == "relay-diag capture":
                told = busy.json.loads(text)
                count, requests, file = told["records"], told["queries_spent"], kept
                bench.must(told["complete"] and peak <= MEMORY_BOUND, f"capture: {peak:.0f} MiB, complete: {told['complete']}")
            else:
                count, requests = map(int, text.split())
                file = folder / "arrow.parquet"
            bench.must(count == busy.rows(path), f"{name}: {count} records")
            size = f"{file.stat().st_size / 1e6:.0f} | {file.stat().st_size / count:.0f}" if "JSON" not in name else " | "
            print(f"| {name} | {took:.1f} | {peak:.0f} | {requests} | {size} |", flush=True)
        print(f"\n`serve` itself took {server.peak()} MiB.")
        same = make.duckdb.sql(f"SELECT count(*) FROM (SELECT trace_id, span_id, kind, start_timestamp, attributes::VARCHAR FROM '{path}' EXCEPT ALL SELECT trace_id, span_id, kind, start_timestamp, attributes::VARCHAR FROM '{kept}')").fetchall()[0][0]
        bench.must(same == 0, f"{same} records differ")
    for name in ("official client, Arrow", "official client, JSON rows (nothing written)"):
        ratio = took_by[name] / took_by["relay-diag capture"]
        print(f"- {name}: {ratio:.1f} times as long")
        bench.must(ratio >= TIMES_AS_FAST, f"{name}: only {ratio:.1f} times as long as capture")


def archive_of(bench):
    """The month as `capture --append` keeps it, a file a day."""
    month = bench.file("month", 10_000_000, machines=2, hours=720)
    folder = bench.folder / "archive"
    if not folder.exists():
        unfinished = bench.folder / "archive.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        _, took, peak = busy.ran([bench.binary, "capture", "--append", unfinished, "--source", month], 3_600)
        print(f"\nThe archive was made in {took:.0f} s and {peak:.0f} MiB: {sum(file.stat().st_size for file in unfinished.iterdir()) / 1e6:.0f} MB.")
        unfinished.rename(folder)
    return month, folder


class Store:
    """An S3-compatible server with the archive in it."""

    def __init__(self, folder):
        import boto3
        from moto.server import ThreadedMotoServer

        self.server = ThreadedMotoServer(port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.env = {"AWS_ENDPOINT": f"http://{host}:{port}", "AWS_ALLOW_HTTP": "true", "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": "us-east-1"}
        client = boto3.client("s3", endpoint_url=self.env["AWS_ENDPOINT"], aws_access_key_id="any", aws_secret_access_key="any", region_name="us-east-1")
        client.create_bucket(Bucket="archive")
        for file in sorted(folder.iterdir()):
            client.upload_file(str(file), "archive", f"relay/{file.name}")

    def __enter__(self):
        os.environ.update(self.env)
        return "s3://archive/relay"

    def __exit__(self, *_):
        self.server.stop()


def hour_of_a_month(bench):
    month, folder = archive_of(bench)
    alone = bench.folder / "hour.parquet"
    if not alone.exists():
        busy.ran([bench.binary, "capture", alone, "--source", month, *HOUR])
    print(f"\n### The last hour: out of {len(list(folder.iterdir()))} daily files ({busy.rows(folder / '*.parquet'):,} records), and alone ({busy.rows(alone):,})\n")
    print("| command | alone: seconds | archive | archive in a local S3 |\n| --- | --- | --- | --- |", flush=True)
    with Store(folder) as url:
        for command in busy.COMMANDS:
            hour = [] if command == "verify" else HOUR
            ask = lambda source: [bench.binary, command, "--source", source, "--format", "json", *hour]
            (said_alone, alone_s, _), (said, local_s, _), (said_far, far_s, _) = (busy.best(ask(source)) for source in (alone, folder, url))
            print(f"| {command} | {alone_s:.2f} | {local_s:.2f} | {far_s:.2f} |", flush=True)
            answers = [answer(said) for said in (said_alone, said, said_far)]
            bench.must(answers[0] == answers[1] == answers[2], f"{command}: the answers differ")


def answer(text):
    document = busy.json.loads(text)
    return {key: value for key, value in document.items() if key not in ("source", "generated_at") and "--source" not in str(value)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, default=HERE.parent / "target/release/relay-diag")
    parser.add_argument("--folder", type=pathlib.Path, default=HERE.parent / "target/busy", help="where the files of records are kept")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--only", help="one part: rows, archive")
    asked = parser.parse_args()
    bench = busy.Bench(asked)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    print(f"{datetime.date.today()}, {os.cpu_count()} cores ({platform.machine()}), {memory} GiB of memory, best of {busy.RUNS}")
    if asked.only in (None, "rows"):
        beside_the_client(bench, asked.records)
    if asked.only in (None, "archive"):
        hour_of_a_month(bench)
    for fault in bench.faults:
        print(f"- missed: {fault}")
    sys.exit(1 if bench.faults else 0)


if __name__ == "__main__":
    main()
