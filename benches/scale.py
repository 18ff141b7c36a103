#!/usr/bin/env python3
"""Measures a month in daily files with no, one and two workers on this machine, beside DuckDB. Prints Markdown.

    pip install duckdb
    cargo build --release --features cluster
    python3 benches/scale.py [--records 30000000,100000000] [--days 30]

The files are made once and kept in `target/busy`. In the last table every process is held to one core, and the client to that of the
first worker: so the second worker is what another machine would add.
"""
import argparse
import datetime
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import duckdb

import busy
import eight
import make

COMMANDS = ["timeline", "diagnose"]
# Of the first round, which reads the whole window.
QUESTIONS = ["traffic", "processes", "unfinished", "trouble", "runs"]
# Identifiers of a day, which no other day has.
IDS = ["trace_id", "span_id", "parent_span_id"]


def shifted(day):
    """The records of the base day, so many days earlier."""
    times = ", ".join(f"{column} - INTERVAL {day} DAYS AS {column}" for column in make.TIMES)
    ids = ", ".join(f"CASE WHEN {column} IS NOT NULL THEN substr(md5(concat({column}, {day})), 1, length({column})) END AS {column}" for column in IDS)
    return f"{times}, {ids}"


def month(folder, records, days):
    """Daily files; the last one holds the incident. Gives the number of records."""
    files = folder / f"scale-{records}"
    if not files.is_dir():
        began = time.perf_counter()
        unfinished = files.with_suffix(".part")
        unfinished.mkdir(parents=True, exist_ok=True)
        base = folder / f"day-{records}.parquet"
        make.make(base, records // days, hours=24, incident="none")
        make.make(unfinished / "day-00.parquet", records // days, hours=24)
        con = duckdb.connect()
        con.sql("SET TimeZone='UTC'; SET memory_limit='4GB'; SET threads=2; SET preserve_insertion_order=true")
        for day in range(1, days):
            con.sql(f"COPY (SELECT * REPLACE ({shifted(day)}) FROM '{base}') TO '{unfinished}/day-{day:02}.parquet' ({make.FORMAT})")
        base.unlink()
        unfinished.rename(files)
        print(f"made {files.name} in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    (count,), = duckdb.sql(f"SELECT count(*) FROM '{files}/*.parquet'").fetchall()
    return files, count


class Workers:
    """So many, each on a core of its own if `pinned`."""

    def __init__(self, binary, count, pinned):
        self.processes = []
        for number in range(count):
            hold = ["taskset", "-c", str(number)] if pinned else []
            process = subprocess.Popen([*hold, binary, "worker", "--listen", "127.0.0.1:0", "--quiet"], stdout=subprocess.PIPE, text=True)
            self.processes.append((process, process.stdout.readline().strip()))

    def __enter__(self):
        os.environ["RELAY_DIAG_WORKERS"] = ",".join(address for _, address in self.processes)
        return self

    def __exit__(self, *_):
        os.environ["RELAY_DIAG_WORKERS"] = ""
        for process, _ in self.processes:
            process.send_signal(signal.SIGTERM)
            process.wait()

    def peak(self):
        """MiB of the largest."""
        peaks = [int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1]) for process, _ in self.processes]
        return max(peaks, default=0) // 1024


def table(binary, files, window, pinned, commands):
    hold = ["taskset", "-c", "0"] if pinned else []
    print("| command | workers | seconds | peak MiB here | of the largest worker | bytes to read |\n| --- | --- | --- | --- | --- | --- |")
    answers = {}
    for command in commands:
        for count in [0, 1, 2]:
            with Workers(binary, count, pinned) as workers:
                text, took, peak = busy.ran([*hold, binary, command, "--source", files, "--format", "json", *window], 3600)
                document = json.loads(text)
                ran = document.pop("ran") or {"bytes": 0, "workers": 0, "on_workers": 0, "questions": 0}
                # More machines share larger slices of time.
                for field in ["generated_at", "queries_spent"]:
                    document.pop(field)
                same = answers.setdefault(command, document) == document
                if not same:
                    print(f"FAULT: {command} with {count} workers says something else", file=sys.stderr)
                where = f"{count}" if ran["workers"] == count else f"{count}, not asked"
                print(f"| {command} | {where} | {took:.1f} | {peak:.0f} | {workers.peak() or ''} | {(ran['bytes'] or 0) >> 20} MB, {ran['on_workers']} of {ran['questions']} questions elsewhere |", flush=True)


def in_duckdb(binary, folder, files, window, threads):
    """The first round's questions, of the same window."""
    small = folder / "alone.parquet"
    if not small.exists():
        make.make(small, 0, machines=0)
    statement = busy.statements(binary, small, "diagnose", *window)[0]
    con = duckdb.connect()
    con.sql(f"SET TimeZone='UTC'; SET threads={threads}; SET memory_limit='12GB'")
    con.sql(f"CREATE VIEW records_all AS FROM '{files}/*.parquet'")
    took = {}
    for name, sql in eight.questions(statement):
        if name in QUESTIONS:
            began = time.perf_counter()
            con.execute(eight.in_duckdb(sql)).fetchall()
            took[name] = time.perf_counter() - began
    print(f"\nDuckDB {duckdb.__version__}, {threads} threads, the first round's questions: {sum(took.values()):.1f} s (" + ", ".join(f"{name} {s:.1f}" for name, s in took.items()) + ")")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", default="30000000,100000000")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("target/busy"))
    parser.add_argument("--binary", type=pathlib.Path, default=pathlib.Path("target/release/relay-diag"))
    parser.add_argument("--commands", nargs="+", default=COMMANDS)
    parser.add_argument("--memory", default="4GB", help="of the client, and of each worker")
    parser.add_argument("--only", choices=["free", "pinned", "duckdb"])
    asked = parser.parse_args()
    # Exact percentiles of so many durations do not fit in the usual 512 MB of one machine: it would leave out what two answer.
    os.environ["RELAY_DIAG_MEMORY"] = asked.memory
    asked.folder.mkdir(parents=True, exist_ok=True)
    end = datetime.datetime.fromisoformat(make.END)
    begin = end - datetime.timedelta(days=asked.days)
    window = ["--from", begin.isoformat(), "--to", end.isoformat()]
    for records in map(int, asked.records.split(",")):
        files, count = month(asked.folder, records, asked.days)
        size = sum(file.stat().st_size for file in files.iterdir()) >> 20
        print(f"\n### {count:,} records in {asked.days} daily files, {size} MB\n")
        if asked.only in (None, "free"):
            table(asked.binary, files, window, False, asked.commands)
        if asked.only in (None, "duckdb"):
            in_duckdb(asked.binary, asked.folder, files, window, 2)
        if asked.only in (None, "pinned"):
            print("\nEach process held to one core, the client to that of the first worker:\n")
            table(asked.binary, files, window, True, asked.commands)


if __name__ == "__main__":
    main()
