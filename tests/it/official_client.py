"""Asks `relay-diag serve` through the official clients and fails on the first thing that is not as they want it.

Arguments: the server's URL, its token, and a JSON file with what `relay-diag query --format json` gives for some queries.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sys
import warnings
from datetime import datetime, timedelta, timezone

import logfire
import logfire.db_api
from logfire.query_client import (
    AsyncLogfireQueryClient,
    LogfireQueryClient,
    QueryExecutionError,
    QueryRequestError,
    UnexpectedResponseError,
)

URL, TOKEN, ANSWERS = sys.argv[1:]
EVER = datetime(2020, 1, 1, tzinfo=timezone.utc)
QUESTIONS = [(answer['query']['sql'], answer['rows']) for answer in json.load(open(ANSWERS))]
JSON_COLUMNS = {
    'attributes',
    'attributes_json_schema',
    'log_body',
    'otel_events',
    'otel_links',
    'otel_resource_attributes',
    'otel_scope_attributes',
}
checks = 0


def check(holds: bool, *what: object) -> None:
    global checks
    checks += 1
    if not holds:
        raise SystemExit(f'check {checks} fails: ' + ' '.join(repr(part)[:600] for part in what))


def fails_with(kind: type[Exception], work) -> Exception:
    try:
        result = work()
    except Exception as error:
        check(type(error) is kind or issubclass(type(error), kind), error, 'is no', kind)
        return error
    raise SystemExit(f'{result!r} instead of {kind}')


def at(text: str) -> datetime:
    return datetime.fromisoformat(text.replace('Z', '+00:00'))


def plain(column: str, value: object) -> object:
    """A cell of an Arrow table as JSON has it."""
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%fZ')
    if column in JSON_COLUMNS and isinstance(value, str) and value[:1] in '{[':
        return json.loads(value)
    return value if isinstance(value, (str, int, float, bool, list, type(None))) else str(value)


def cell(column: str, text: str, wanted: object) -> object:
    """A cell of a CSV as JSON has it, which takes knowing its type."""
    if text == '' and wanted in (None, ''):
        return wanted
    if isinstance(wanted, str):
        return text
    return json.loads(text)


def rows_equal(client: LogfireQueryClient) -> None:
    for sql, wanted in QUESTIONS:
        result = client.query_json_rows(sql, min_timestamp=EVER, limit=10_000)
        check(result['rows'] == wanted, 'JSON', sql, result['rows'][:1], wanted[:1])
        names = [column['name'] for column in result['columns']]
        check(all(list(row) == names for row in result['rows']), 'columns', names)

        table = client.query_arrow(sql, min_timestamp=EVER, limit=10_000)
        check(table.column_names == names, table.column_names)
        arrow = [{name: plain(name, value) for name, value in row.items()} for row in table.to_pylist()]
        check(arrow == wanted, 'Arrow', sql, arrow[:1], wanted[:1])

        lines = list(csv.DictReader(io.StringIO(client.query_csv(sql, min_timestamp=EVER, limit=10_000))))
        check(len(lines) == len(wanted), 'CSV', sql, len(lines))
        for line, row in zip(lines, wanted):
            check({name: cell(name, line[name], row[name]) for name in names} == row, 'CSV', sql, line, row)


def bounds(client: LogfireQueryClient) -> None:
    def count(after: datetime = EVER, before: datetime | None = None, **kwargs) -> int:
        sql = 'SELECT count(*) AS n FROM records_all'
        result = client.query_json_rows(sql, min_timestamp=after, max_timestamp=before, **kwargs)
        return result['rows'][0]['n']

    ends = client.query_json_rows(
        'SELECT min(start_timestamp) AS first, max(start_timestamp) AS last, count(*) AS n FROM records_all', min_timestamp=EVER
    )['rows'][0]
    first, last, all_rows = at(ends['first']), at(ends['last']), ends['n']
    tick = timedelta(microseconds=1)
    check(count(first - tick) == all_rows, 'one microsecond less includes the first')
    check(count(first) < all_rows, 'min_timestamp is exclusive')
    check(count(EVER, last + tick) == all_rows, 'max_timestamp includes what is before it')
    check(count(EVER, last) < all_rows, 'max_timestamp is exclusive')
    check(count(last, last) == 0, 'an empty window')
    check(count((first - tick).replace(tzinfo=None)) == all_rows, 'naive is UTC')
    check(count((first - tick).astimezone(timezone(timedelta(hours=-8)))) == all_rows, 'another offset')
    check(count(environment='production') == all_rows, 'one environment')
    check(count(environment=['production', '']) == all_rows, 'or none')
    check(count(environment='') == 0, 'without an environment')
    check(count(timezone='Europe/Paris') == all_rows, 'a time zone')

    def size(sql: str, **kwargs) -> int:
        return len(client.query_json_rows(sql, min_timestamp=EVER, **kwargs)['rows'])

    every = 'SELECT span_id FROM records'
    pairs = 'SELECT a.span_id FROM records a, (SELECT * FROM records LIMIT 10) b'
    check(size(every) == 100, 'the default limit')
    check(size(every + ' LIMIT 500') == 100, 'which SQL does not raise')
    check(size(every, limit=500) == 500, 'the body does')
    check(size(every + ' LIMIT 7', limit=500) == 7, 'SQL may ask for less')
    check(size(pairs, limit=10_000) == 10_000, 'the most there can be')
    fails_with(QueryRequestError, lambda: size(pairs, limit=10_001))


def failures(client: LogfireQueryClient) -> None:
    def ask(sql: str, **kwargs):
        return lambda: client.query_json_rows(sql, min_timestamp=EVER, **kwargs)

    error = fails_with(QueryExecutionError, ask('SELEKT 1'))
    details = error.args[0]['details']
    check(details['span'] == {'start': {'line': 1, 'column': 1}, 'end': {'line': 1, 'column': 7}}, details)
    check(details['code'] == 'sql_syntax', details)
    error = fails_with(QueryExecutionError, ask('SELECT nope FROM records'))
    check('nope' in error.args[0]['details']['message'], error)
    fails_with(QueryExecutionError, ask('DROP TABLE records'))
    fails_with(QueryExecutionError, lambda: client.query_csv('SELECT nope FROM records', min_timestamp=EVER))
    fails_with(QueryExecutionError, lambda: client.query_arrow('SELECT nope FROM records', min_timestamp=EVER))
    error = fails_with(QueryRequestError, ask('SELECT 1', timezone='Mars/Olympus'))
    check(error.args[0]['detail'][0]['loc'] == ['body', 'timezone'], error)
    fails_with(QueryRequestError, ask('SELECT 1', limit=0))
    with LogfireQueryClient('pylf_v1_local_wrong', base_url=URL) as stranger:
        for work in (stranger.info, lambda: stranger.query_json_rows('SELECT 1', min_timestamp=EVER)):
            error = fails_with(UnexpectedResponseError, work)
            check('401' in str(error) and 'Invalid read token' in str(error), error)
    with LogfireQueryClient(TOKEN, base_url=URL + '/elsewhere') as lost:
        check('404' in str(fails_with(UnexpectedResponseError, lost.info)))


def db_api() -> None:
    with logfire.db_api.connect(TOKEN, base_url=URL, min_timestamp=EVER) as connection:
        cursor = connection.cursor()
        for sql, wanted in QUESTIONS:
            cursor.execute(sql)
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row)) for row in cursor.fetchall()]
            check(rows == wanted, 'db_api', sql)
        cursor.execute('SELECT span_name, level FROM records WHERE span_name = %(name)s', {'name': 'connect'})
        check(cursor.rowcount > 0 and {row[0] for row in cursor.fetchall()} == {'connect'}, 'a named parameter')
        cursor.execute('SELECT %s AS text', ("it's; DROP TABLE records",))
        check(cursor.fetchone() == ("it's; DROP TABLE records",), 'a quoted parameter')
        cursor.limit = 10
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter('always')
            cursor.execute('SELECT span_id, parent_span_id FROM records')
        check(cursor.rowcount == 10 and 'limit' in str(said[0].message), 'a clipped result warns')
        fails_with(QueryExecutionError, lambda: cursor.execute('SELECT nope FROM records'))


async def asynchronously() -> None:
    async with AsyncLogfireQueryClient(TOKEN, base_url=URL) as client:
        sql = 'SELECT span_name, parent_span_id FROM records ORDER BY start_timestamp, span_id'
        rows, table, text, info = await asyncio.gather(
            client.query_json_rows(sql, min_timestamp=EVER, limit=200),
            client.query_arrow(sql, min_timestamp=EVER, limit=200),
            client.query_csv(sql, min_timestamp=EVER, limit=200),
            client.info(),
        )
        check(len(rows['rows']) == 200 and table.to_pylist() == rows['rows'], 'at once')
        check(len(text.splitlines()) == 201, 'CSV with its header')
        check(info == {'organization_name': 'capture', 'project_name': 'records'}, info)
        try:
            await client.query_json_rows('SELEKT 1', min_timestamp=EVER)
        except QueryExecutionError:
            check(True)
        else:
            check(False, 'a wrong statement is answered')


with LogfireQueryClient(TOKEN, base_url=URL) as client:
    check(client.info() == {'organization_name': 'capture', 'project_name': 'records'}, 'info')
    rows_equal(client)
    bounds(client)
    failures(client)
db_api()
asyncio.run(asynchronously())
print(f'{checks} checks: all is as the official client wants it (logfire {logfire.VERSION})')
