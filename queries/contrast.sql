--! purpose = "What tells the requests that hung from those that succeeded beside them?"
--! params = { operations = "query", incident_from = "timestamp", incident_to = "timestamp", hang_after_s = "seconds", limit = "limit" }
--! budget = 120
--! [columns]
--! attribute = "text"
--! attribute_value = "text"
--! hung_with = "int"
--! fast_with = "int"
--! hung_all = "int"
--! fast_all = "int"
-- A success counts only with a statement of its own that succeeded, and only while something hung. What is under way
-- when a request begins is counted from starts and ends of requests that did not hang.
WITH asked AS (
  SELECT *,
    CASE WHEN unfinished THEN extract(epoch FROM ($incident_to - started_at)) ELSE duration_s END AS lasted_s,
    min(started_at) OVER (PARTITION BY instance, process) AS process_at
  FROM $operations AS o
  WHERE started_at < $incident_to
), hung AS (
  SELECT * FROM asked
  WHERE role = 'request' AND lasted_s > $hang_after_s AND started_at >= $incident_from
), bounds AS (
  SELECT min(started_at) AS hung_from FROM hung
), worked AS (
  SELECT DISTINCT trace_id FROM asked WHERE role = 'statement' AND NOT failed AND NOT unfinished
), fast AS (
  SELECT a.* FROM asked AS a JOIN worked AS w ON w.trace_id = a.trace_id CROSS JOIN bounds AS b
  WHERE a.role = 'request' AND NOT a.failed AND NOT a.unfinished AND a.duration_s < 1 AND a.started_at >= b.hung_from
), groups AS (
  SELECT trace_id, span_id, started_at, process_at, instance, process, span_name, true AS hangs FROM hung
  UNION ALL
  SELECT trace_id, span_id, started_at, process_at, instance, process, span_name, false AS hangs FROM fast
), changes AS (
  SELECT instance, process, started_at AS at, 1 AS change, 0 AS is_group, '' AS span_id, '' AS trace_id FROM fast
  UNION ALL
  SELECT instance, process, ended_at, -1, 0, '', '' FROM fast
  UNION ALL
  SELECT instance, process, started_at, 0, 1, span_id, trace_id FROM groups
), under_way AS (
  SELECT span_id, trace_id, is_group,
    sum(change) OVER (PARTITION BY instance, process ORDER BY at, is_group, span_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS busy
  FROM changes
), judged AS (
  SELECT g.*, coalesce(u.busy, 0) - CASE WHEN g.hangs THEN 0 ELSE 1 END AS busy
  FROM groups AS g LEFT JOIN under_way AS u ON u.is_group = 1 AND u.span_id = g.span_id AND u.trace_id = g.trace_id
), named AS (
  SELECT 'instance' AS attribute, instance AS attribute_value, hangs FROM judged
  UNION ALL SELECT 'process', process, hangs FROM judged
  UNION ALL SELECT 'route', span_name, hangs FROM judged
  UNION ALL SELECT 'other requests under way when it began',
    CASE WHEN busy <= 0 THEN 'none' WHEN busy <= 2 THEN 'one or two' ELSE 'three or more' END, hangs FROM judged
  UNION ALL SELECT 'time since the process started',
    CASE WHEN extract(epoch FROM (started_at - process_at)) < 60 THEN 'under a minute'
      WHEN extract(epoch FROM (started_at - process_at)) < 600 THEN 'one to ten minutes' ELSE 'over ten minutes' END, hangs FROM judged
), told AS (
  SELECT attribute, attribute_value,
    count(*) FILTER (WHERE hangs) AS hung_with,
    count(*) FILTER (WHERE NOT hangs) AS fast_with
  FROM named GROUP BY attribute, attribute_value
), ranked AS (
  SELECT *, row_number() OVER (ORDER BY hung_with DESC, fast_with DESC, attribute, attribute_value) AS place FROM told
)
SELECT attribute, attribute_value, hung_with, fast_with,
  (SELECT count(*) FROM hung) AS hung_all, (SELECT count(*) FROM fast) AS fast_all
FROM ranked WHERE place <= 120 ORDER BY place LIMIT $limit
