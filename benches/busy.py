#!/usr/bin/env python3
"""Measures every command on records of several sizes, beside DuckDB, and checks the answers. Prints Markdown.

    pip install duckdb
    cargo build --release
    python3 benches/busy.py [--sizes 1000000,10000000] [--only PART] [--clients 10,50]

The files are made once and kept in `target/busy`.
"""
import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import make

HERE = pathlib.Path(__file__).resolve().parent
# The last moment that the records know of: they end a microsecond before.
END = make.END
COMMANDS = ["timeline", "diagnose", "stuck", "verify"]
WHOLE = {"stuck": "--since=2h"}
# What the figures must be, seconds and MiB, on a million records and on ten.
BOUNDS = {"timeline": 1.0, "diagnose": 1.5, "stuck": 0.7, "verify": 0.7}
SMALL_BOUND = 0.1
MEMORY_BOUND = {1: 300, 10: 400}
# Best of so many runs: what else the machine does only adds.
RUNS = 3
# What a person sees of a hang.
HANG = ["start", "span_name", "duration_s", "in_progress", "died_with_process", "waiting_on", "trace_id", "span_id"]


def ran(arguments, bound_s=600):
    """What a program prints, its seconds, and its peak of memory in MiB."""
    began = time.perf_counter()
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "NO_COLOR": "1"})
    timer = threading.Timer(bound_s, process.kill)
    timer.start()
    errors = []
    reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
    reader.start()
    text = process.stdout.read()
    reader.join()
    _, status, usage = os.wait4(process.pid, 0)
    timer.cancel()
    took = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    process.returncode = code
    if code not in (0, 1, 4):
        sys.exit(f"{' '.join(map(str, arguments))}: exit code {code}: {errors[0].decode()}")
    return text.decode(), took, usage.ru_maxrss / 1024


def best(arguments, runs=RUNS):
    text, seconds, memory = "", [], []
    for _ in range(runs):
        text, took, peak = ran(arguments)
        seconds.append(took)
        memory.append(peak)
    return text, min(seconds), max(memory)


class Bench:
    def __init__(self, asked):
        self.binary = asked.binary
        self.folder = asked.folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.faults = []

    def file(self, name, *size, **kind):
        """A file of records, made once."""
        path = self.folder / f"{name}.parquet"
        if not path.exists():
            began = time.perf_counter()
            unfinished = path.with_suffix(".part")
            count = make.make(unfinished, *size, **kind)
            unfinished.rename(path)
            print(f"made {name}: {count} records in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        return path

    def ask(self, command, path, *more):
        return [self.binary, command, "--source", path, "--format", "json", *([WHOLE[command]] if command in WHOLE else []), *more]

    def document(self, command, path, *more):
        return json.loads(ran(self.ask(command, path, *more))[0])

    def must(self, holds, what):
        if not holds:
            self.faults.append(what)
            print(f"FAULT: {what}", file=sys.stderr)

    # Figures

    def size(self, records):
        path = self.file(f"busy-{records}", records)
        millions = max(1, round(records / 1_000_000))
        (count, megabytes) = (rows(path), path.stat().st_size >> 20)
        print(f"\n### {count:,} records, two hours, {max(1, records // make.A_MACHINE) + 1} machines, {megabytes} MB of Parquet\n")
        print("| what | seconds | peak MiB | at most |\n| --- | --- | --- | --- |")
        diagnose_s = None
        runs = RUNS if millions == 1 else 1
        for command in COMMANDS:
            _, took, peak = best(self.ask(command, path), runs)
            bound, memory = BOUNDS[command] * millions, MEMORY_BOUND[1 if millions == 1 else 10]
            line(command, took, peak, f"{bound:g} s, {memory} MiB")
            self.must(took <= bound and peak <= memory, f"{command} on {count} records: {took:.2f} s, {peak:.0f} MiB")
            if command == "diagnose":
                diagnose_s = took
        asked = self.folder / "asked.json"
        asked.write_text(json.dumps(statements(self.binary, path, "diagnose")))
        eight = [sys.executable, HERE / "eight.py", path, asked]
        text, took, peak = best(eight, runs)
        each = json.loads(text)
        line(f"DuckDB, eight of diagnose's questions: {', '.join(f'{name} {took:.2f}' for name, took in each.items())}", sum(each.values()), peak, "")
        self.must(diagnose_s <= sum(each.values()), f"diagnose on {count} records: {diagnose_s:.2f} s, DuckDB {sum(each.values()):.2f} s")

    def small(self):
        print("\n### Small ones\n\n| what | seconds | peak MiB | at most |\n| --- | --- | --- | --- |")
        capture = self.file("small", 6_500, machines=1, hours=1)
        for name, source in (("the demo", "demo"), (f"{rows(capture):,} records", capture)):
            for command in COMMANDS:
                _, took, peak = best(self.ask(command, source), 5)
                line(f"{command}, {name}", took, peak, f"{SMALL_BOUND} s")
                self.must(took <= SMALL_BOUND, f"{command}, {name}: {took:.2f} s")

    def month(self):
        """An hour out of a month must cost about what it costs alone."""
        month = self.file("month", 10_000_000, machines=2, hours=720)
        alone = self.file("hours", 10_000_000 // 360, machines=2)
        print(f"\n### The last hour: out of a month ({rows(month):,} records), out of two hours ({rows(alone):,})\n")
        print("| command | month: seconds | peak MiB | two hours: seconds | peak MiB |\n| --- | --- | --- | --- | --- |")
        for command in COMMANDS:
            hour = () if command == "verify" else ("--since", "1h")
            ask = lambda path: [self.binary, command, "--source", path, "--format", "json", *hour]
            _, took, peak = best(ask(month))
            _, took_alone, peak_alone = best(ask(alone))
            print(f"| {command} | {took:.2f} | {peak:.0f} | {took_alone:.2f} | {peak_alone:.0f} |", flush=True)

    def narrow(self, records):
        """A pool of 256 MiB: every request must answer."""
        path = self.file(f"busy-{records}", records)
        print(f"\n### {rows(path):,} records with `--memory 256MiB`\n\n| command | seconds | peak MiB |\n| --- | --- | --- |")
        for command in COMMANDS:
            text, took, peak = best(self.ask(command, path, "--memory", "256MB"), 1)
            print(f"| {command} | {took:.2f} | {peak:.0f} |", flush=True)
            self.must(json.loads(text)["complete"], f"{command} with 256 MB: not complete")

    def clients(self, records, counts):
        path = self.file(f"busy-{records}", records)
        sql = statements(self.binary, path, "timeline")[0]
        print(f"\n### `serve` on {rows(path):,} records: so many ask for a timeline's first request at once\n")
        print("| clients | answers | refused | other | last after, s | median, s | peak MiB |\n| --- | --- | --- | --- | --- | --- | --- |")
        for count in counts:
            served(self, path, sql, count)

    def cost(self, records):
        """What each request asks of the engine."""
        path = self.file(f"busy-{records}", records)
        print(f"\n### What the engine is asked, on {rows(path):,} records\n")
        print("| request | characters | scans | sorts | joins | rows | seconds |\n| --- | --- | --- | --- | --- | --- | --- |")
        with Server(self.binary, path) as server:
            for command in COMMANDS:
                for number, sql in enumerate(statements(self.binary, path, command), 1):
                    took = min(timed(server.ask, sql)[1] for _ in range(RUNS))
                    told = {line["type"]: line for line in server.ask(sql, explain=True)}
                    steps = [line.split(":")[0].strip() for line in told["explain"]["physical_plan"].splitlines()]
                    count = lambda *names: sum(step in names for step in steps)
                    joins = sum(step.endswith("JoinExec") for step in steps)
                    print(f"| {command} {number} | {len(sql):,} | {count('RecordsScan')} | {count('SortExec')} | {joins} | {told['end']['row_count']} | {took:.2f} |", flush=True)

    # Answers

    def answers(self):
        """What is found among healthy machines is what is found in the incident alone."""
        alone = self.file("alone", 0, machines=0)
        print("\n### The answer is that of the incident alone\n\n| beside it | records | failure mode | window | hangs | complete |\n| --- | --- | --- | --- | --- | --- |")
        true = self.answer(alone)
        among = {0: alone, 11: self.file("busy-1000000", 1_000_000)}
        among |= {machines: self.file(f"beside-{machines}", 1_000_000, machines=machines) for machines in (110, 200)}
        for machines, path in among.items():
            said = self.answer(path)
            same = ["the same" if said[part] == true[part] else "DIFFERENT" for part in ("failure_mode", "window", "hangs")]
            print(f"| {machines} healthy machines | {rows(path):,} | {said['failure_mode']} | {' to '.join(at[11:23] for at in said['window'])}, {same[1]} "
                  f"| {len(said['hangs'])}, {same[2]} | {'yes' if said['complete'] else said['not_known']} |", flush=True)
            self.must(said["complete"], f"{machines} machines: {said['not_known']}")
            for part in ("failure_mode", "window", "hangs"):
                self.must(said[part] == true[part], f"{machines} machines: {part} {said[part]} instead of {true[part]}")

    def answer(self, path):
        documents = {command: self.document(command, path) for command in COMMANDS}
        found = documents["diagnose"]["diagnosis"]
        missing = [f"{command}: {part['section']}: {part['why']}" for command, document in documents.items() for part in document["not_known"]]
        return {
            "failure_mode": found["failure_mode"],
            "window": (found["from"], found["to"]),
            "hangs": sorted(([span[key] for key in HANG] for span in documents["stuck"]["spans"]), key=str),
            "complete": all(document["complete"] for document in documents.values()),
            "not_known": missing,
        }


def rows(path):
    return make.duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall()[0][0]


def line(what, took, peak, bound):
    print(f"| {what} | {took:.2f} | {peak:.0f} | {bound} |", flush=True)


def statements(binary, path, command, *more):
    """What a command sends, in order."""
    told = subprocess.run([binary, command, "--source", path, "-vv", *more], capture_output=True, text=True).stderr
    return [line for line in told.splitlines() if line.startswith(("SELECT ", "WITH "))]


def timed(work, *arguments):
    began = time.perf_counter()
    return work(*arguments), time.perf_counter() - began


class Server:
    """`relay-diag serve` of a file."""

    def __init__(self, binary, path):
        self.process = subprocess.Popen([binary, "serve", path, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def ask(self, sql, explain=False):
        """The lines of the answer."""
        body = {"sql": sql, "min_timestamp": "2020-01-01T00:00:00Z", "limit": 10_000, "explain": explain}
        headers = {"content-type": "application/json", "accept": "application/x-ndjson"}
        request = urllib.request.Request(f"{self.url}/v2/query", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return [json.loads(line) for line in answer]

    def outcome(self, sql):
        """The status, or what else went wrong."""
        try:
            self.ask(sql)
            return 200
        except urllib.error.HTTPError as error:
            return error.code
        except (OSError, ValueError) as error:
            return str(error)

    def peak(self):
        """MiB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) >> 10 for line in status.splitlines() if line.startswith("VmHWM"))


def served(bench, path, sql, count):
    with Server(bench.binary, path) as server:
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            asked = [pool.submit(timed, server.outcome, sql) for _ in range(count)]
            told = [one.result() for one in asked]
        peak = server.peak()
    outcomes, seconds = [outcome for outcome, _ in told], [took for _, took in told]
    (good, refused) = (outcomes.count(200), outcomes.count(429))
    others = sorted({str(outcome) for outcome in outcomes if outcome not in (200, 429)})
    print(f"| {count} | {good} | {refused} | {', '.join(others) or 'none'} | {max(seconds):.1f} | {statistics.median(seconds):.1f} | {peak} |", flush=True)
    bench.must(not others and (count > 10 or good == count), f"{count} clients: {good} answers, {others}")


def main():
    numbers = lambda text: [int(number) for number in text.split(",") if number]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, default=HERE.parent / "target/release/relay-diag")
    parser.add_argument("--folder", type=pathlib.Path, default=HERE.parent / "target/busy", help="where the files of records are kept")
    parser.add_argument("--sizes", type=numbers, default=[1_000_000, 10_000_000], help="how many records")
    parser.add_argument("--clients", type=numbers, default=[10, 50], help="how many ask `serve` at once")
    parser.add_argument("--only", help="one part: size, small, month, narrow, cost, clients, answers")
    asked = parser.parse_args()
    bench = Bench(asked)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    print(f"{datetime.date.today()}, {os.cpu_count()} cores ({platform.machine()}), {memory} GiB of memory, DuckDB {make.duckdb.__version__}, best of {RUNS} (one run on ten millions)")
    parts = {
        "size": lambda: [bench.size(records) for records in asked.sizes],
        "small": bench.small,
        "month": bench.month,
        "narrow": lambda: bench.narrow(asked.sizes[0]),
        "cost": lambda: bench.cost(asked.sizes[0]),
        "clients": lambda: bench.clients(asked.sizes[0], asked.clients),
        "answers": bench.answers,
    }
    for name, part in parts.items():
        if asked.only in (None, name):
            part()
    for fault in bench.faults:
        print(f"- missed: {fault}")
    sys.exit(1 if bench.faults else 0)


if __name__ == "__main__":
    main()
