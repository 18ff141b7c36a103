--! purpose = "Which processes ran out of connections, and what each route had been served there before and meanwhile?"
--! params = { operations = "query", limit = "limit" }
--! budget = 120
--! [columns]
--! instance = "text"
--! process = "text"
--! route = "text?"
--! dry_from = "timestamp?"
--! dry_to = "timestamp?"
--! in_vain = "int"
--! served = "int"
--! served_before = "int"
--! served_meanwhile = "int"
--! statements_meanwhile = "int"
-- A checkout that failed after a second or more waited in vain: a refusal fails at once. A request counts as served if
-- it had a connection. Routes of processes that ran dry come first; what is beyond the budget is not needed. The engine
-- computes a WITH anew at each use, so windows stand for joins here.
WITH asked AS (
  SELECT instance, process, span_name, role, started_at, ended_at, failed, unfinished,
    role = 'connect' AND failed AND duration_s >= 1 AS in_vain,
    max(CASE WHEN role = 'connect' AND NOT failed AND NOT unfinished THEN 1 ELSE 0 END) OVER (PARTITION BY trace_id) = 1 AS connected
  FROM $operations AS o
), dry AS (
  SELECT instance, process, started_at, ended_at, role, in_vain,
    CASE WHEN role = 'request' AND connected AND NOT failed AND NOT unfinished THEN span_name END AS route,
    min(CASE WHEN in_vain THEN started_at END) OVER (PARTITION BY instance, process) AS dry_from,
    max(CASE WHEN in_vain THEN ended_at END) OVER (PARTITION BY instance, process) AS dry_to,
    count(CASE WHEN in_vain THEN 1 END) OVER () AS in_vain_all
  FROM asked
), routes AS (
  SELECT instance, process, route, dry_from, dry_to, count(route) AS served,
    count(CASE WHEN route IS NOT NULL AND started_at < dry_from THEN 1 END) AS served_before,
    count(CASE WHEN route IS NOT NULL AND started_at >= dry_from AND ended_at < dry_to THEN 1 END) AS served_meanwhile,
    count(CASE WHEN in_vain THEN 1 END) AS in_vain,
    count(CASE WHEN role = 'statement' AND started_at >= dry_from AND started_at < dry_to THEN 1 END) AS statements
  FROM dry WHERE in_vain_all > 0
  GROUP BY instance, process, route, dry_from, dry_to
), told AS (
  SELECT instance, process, route, dry_from, dry_to, served, served_before, served_meanwhile,
    sum(in_vain) OVER (PARTITION BY instance, process) AS in_vain,
    sum(statements) OVER (PARTITION BY instance, process) AS statements_meanwhile,
    sum(served) OVER (PARTITION BY instance, process) AS served_all
  FROM routes
), ranked AS (
  SELECT *, row_number() OVER (ORDER BY CASE WHEN dry_from IS NULL THEN 1 ELSE 0 END, in_vain DESC,
    instance, process, served DESC, route) AS place
  FROM told
  -- A process that ran dry without serving anything has a row of its own.
  WHERE route IS NOT NULL OR (dry_from IS NOT NULL AND served_all = 0)
)
SELECT instance, process, route, dry_from, dry_to, in_vain, served, served_before, served_meanwhile, statements_meanwhile
FROM ranked WHERE place <= 120
ORDER BY place
LIMIT $limit
