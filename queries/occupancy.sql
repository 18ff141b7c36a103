--! purpose = "How many requests with a connection were under way at most, and since when? An estimate of the pool's use"
--! params = { operations = "query", incident_from = "timestamp", incident_to = "timestamp", limit = "limit" }
--! budget = 60
--! [columns]
--! instance = "text"
--! process = "text"
--! under_way_most = "int"
--! under_way_most_at = "timestamp"
-- From the start of its checkout to the end of its request a request is taken to hold a connection, unless its checkout
-- failed. What waits and has no end yet is counted too, so this is an estimate from above.
WITH checkouts AS (
  SELECT c.instance, c.process, c.started_at AS from_at,
    max(CASE WHEN r.unfinished THEN $incident_to ELSE coalesce(r.ended_at, c.ended_at) END) AS to_at
  FROM $operations AS c
  LEFT JOIN (SELECT trace_id, span_id, ended_at, unfinished FROM $operations AS q WHERE role = 'request') AS r
    ON r.trace_id = c.trace_id AND r.span_id = c.parent_span_id
  WHERE c.role = 'connect' AND NOT c.failed
  GROUP BY c.instance, c.process, c.trace_id, c.span_id, c.started_at
), changes AS (
  SELECT instance, process, from_at AS at, 1 AS change FROM checkouts
  UNION ALL
  SELECT instance, process, to_at, -1 FROM checkouts
), counted AS (
  SELECT instance, process, at,
    sum(change) OVER (PARTITION BY instance, process ORDER BY at, change ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS under_way
  FROM changes
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY instance, process ORDER BY under_way DESC, at) AS place
  FROM counted WHERE at >= $incident_from AND at < $incident_to
), told AS (
  SELECT instance, process, under_way, at, row_number() OVER (ORDER BY under_way DESC, instance, process) AS row_place
  FROM ranked WHERE place = 1
)
SELECT instance, process, under_way AS under_way_most, at AS under_way_most_at
FROM told WHERE row_place <= 60 ORDER BY row_place LIMIT $limit
