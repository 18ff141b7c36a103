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
-- it had a connection. Routes of processes that ran dry come first; what is beyond the budget is not needed.
WITH dry AS (
  SELECT instance, process, min(started_at) AS dry_from, max(ended_at) AS dry_to, count(*) AS in_vain
  FROM $operations AS o
  WHERE role = 'connect' AND failed AND duration_s >= 1
  GROUP BY instance, process
), connected AS (
  SELECT DISTINCT trace_id FROM $operations AS o WHERE role = 'connect' AND NOT failed AND NOT unfinished
), busy AS (
  SELECT d.instance, d.process, count(*) AS statements_meanwhile
  FROM $operations AS o
  JOIN dry AS d ON d.instance = o.instance AND d.process = o.process
  WHERE o.role = 'statement' AND o.started_at >= d.dry_from AND o.started_at < d.dry_to
  GROUP BY d.instance, d.process
), routes AS (
  SELECT r.instance, r.process, r.span_name AS route,
    count(*) AS served,
    count(*) FILTER (WHERE d.dry_from IS NOT NULL AND r.started_at < d.dry_from) AS served_before,
    count(*) FILTER (WHERE d.dry_from IS NOT NULL AND r.started_at >= d.dry_from AND r.ended_at < d.dry_to) AS served_meanwhile
  FROM $operations AS r
  JOIN connected AS c ON c.trace_id = r.trace_id
  LEFT JOIN dry AS d ON d.instance = r.instance AND d.process = r.process
  WHERE r.role = 'request' AND NOT r.failed AND NOT r.unfinished
  GROUP BY r.instance, r.process, r.span_name
), told AS (
  SELECT coalesce(r.instance, d.instance) AS instance, coalesce(r.process, d.process) AS process, r.route,
    d.dry_from, d.dry_to, coalesce(d.in_vain, 0) AS in_vain,
    coalesce(r.served, 0) AS served, coalesce(r.served_before, 0) AS served_before,
    coalesce(r.served_meanwhile, 0) AS served_meanwhile,
    coalesce(b.statements_meanwhile, 0) AS statements_meanwhile,
    row_number() OVER (ORDER BY CASE WHEN d.dry_from IS NULL THEN 1 ELSE 0 END, d.in_vain DESC,
      coalesce(r.instance, d.instance), coalesce(r.process, d.process), r.served DESC, r.route) AS place
  FROM routes AS r
  FULL OUTER JOIN dry AS d ON d.instance = r.instance AND d.process = r.process
  LEFT JOIN busy AS b ON b.instance = d.instance AND b.process = d.process
  WHERE (SELECT count(*) FROM dry) > 0
)
SELECT instance, process, route, dry_from, dry_to, in_vain, served, served_before, served_meanwhile, statements_meanwhile
FROM told WHERE place <= 120
ORDER BY place
LIMIT $limit
