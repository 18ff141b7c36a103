--! purpose = "What tells the requests that hung from those that succeeded beside them?"
--! budget = 240
--! [params]
--! spans = "query"
--! operations = "query"
--! incident_from = "timestamp"
--! incident_to = "timestamp"
--! hang_after_s = "seconds"
--! starting_message = "text"
--! connect_span = "text"
--! limit = "limit"
--! [columns]
--! attribute = "text"
--! attribute_value = "text"
--! hung_with = "int"
--! fast_with = "int"
--! hung_all = "int"
--! fast_all = "int"
-- A success counts only with a statement of its own that succeeded, and only of the same service and within a minute of a hang's start. What is
-- under way is counted from requests that did not hang: hung ones would explain themselves. The age of a process is known
-- if it said that it starts. The engine computes a WITH anew at each use, so windows and unnest stand for joins here.
WITH asked AS (
  SELECT *,
    role = 'request' AND started_at >= $incident_from
      AND CASE WHEN unfinished THEN extract(epoch FROM ($incident_to - started_at)) ELSE duration_s END > $hang_after_s AS hangs,
    max(CASE WHEN role = 'statement' AND NOT failed AND NOT unfinished THEN 1 ELSE 0 END) OVER (PARTITION BY trace_id) = 1 AS worked
  FROM $operations AS o
  WHERE started_at < $incident_to
), placed AS (
  SELECT trace_id, span_id, instance, process, span_name, started_at, ended_at, hangs,
    max(CASE WHEN hangs THEN 1 ELSE 0 END) OVER (
      PARTITION BY service ORDER BY started_at RANGE BETWEEN INTERVAL '1 minute' PRECEDING AND INTERVAL '1 minute' FOLLOWING) = 1 AS beside_hang,
    worked AND NOT failed AND NOT unfinished AND duration_s < 1 AND started_at >= $incident_from AS fast
  FROM asked
  WHERE role = 'request' AND (hangs OR (worked AND NOT failed AND NOT unfinished AND duration_s < 1 AND started_at >= $incident_from))
), changes AS (
  SELECT *, unnest(make_array(1, -1)) AS change FROM placed
), counted AS (
  SELECT *,
    sum(CASE WHEN fast THEN change ELSE 0 END) OVER (
      PARTITION BY instance, process ORDER BY CASE WHEN change = 1 THEN started_at ELSE ended_at END, change, span_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - CASE WHEN fast THEN 1 ELSE 0 END AS busy
  FROM changes
), compared AS (
  SELECT c.trace_id, c.span_id, c.instance, c.process, c.span_name, c.hangs, c.busy,
    extract(epoch FROM (c.started_at - b.born_at)) AS age_s
  FROM counted AS c
  LEFT JOIN (
    SELECT instance, process, min(started_at) AS born_at FROM $spans AS s
    WHERE kind = 'log' AND regexp_like(message, $starting_message) GROUP BY instance, process
  ) AS b ON b.instance = c.instance AND b.process = c.process
  WHERE c.change = 1 AND (c.hangs OR c.beside_hang)
), own AS (
  SELECT span_id, hangs,
    unnest(make_array('instance', 'process', 'route', 'other requests under way when it began', 'time since the process started')) AS attribute,
    unnest(make_array(instance, process, span_name,
      CASE WHEN busy <= 0 THEN 'none' WHEN busy <= 2 THEN 'one or two' ELSE 'three or more' END,
      CASE WHEN age_s < 60 THEN 'under a minute' WHEN age_s < 600 THEN 'one to ten minutes'
        WHEN age_s >= 600 THEN 'over ten minutes' END)) AS attribute_value
  FROM compared
), documents AS (
  SELECT c.span_id, c.hangs,
    unnest(make_array(CASE WHEN r.span_id = c.span_id THEN '' ELSE 'database ' END,
      CASE WHEN r.span_id = c.span_id THEN 'resource ' END)) AS prefix,
    unnest(make_array(CAST(r.attributes AS VARCHAR),
      CASE WHEN r.span_id = c.span_id THEN CAST(r.otel_resource_attributes AS VARCHAR) END)) AS text
  FROM compared AS c
  JOIN records_all AS r ON r.trace_id = c.trace_id
  WHERE r.kind IN ('span', 'pending_span')
    AND (r.span_id = c.span_id OR (r.parent_span_id = c.span_id AND r.span_name = $connect_span))
), named AS (
  SELECT span_id, hangs, prefix, text, unnest(json_object_keys(text)) AS name FROM documents WHERE prefix IS NOT NULL
), valued AS (
  -- The value of a scalar by its text: a column as a key of ->> fails on some versions of the engine. Left out is what
  -- tells how a request ended, what is its own (times, ports), and what says the same as the route.
  SELECT span_id, hangs, concat(prefix, name) AS attribute,
    trim(BOTH '"' FROM array_element(regexp_match(text, concat(
      '"', regexp_replace(name, '[^A-Za-z0-9_]', '.', 'g'), '"\s*:\s*("[^"\\]{1,80}"|[0-9a-z.-]{1,40})\s*[,}]')), 1)) AS attribute_value
  FROM named
  WHERE NOT regexp_like(name,
    '^(logfire|otel|exception|error|http\.(status|response|url|target|route)|url\.|fastapi\.|code\.|thread|process\.|service\.instance|telemetry)|\.port$')
), told AS (
  SELECT attribute, attribute_value,
    count(DISTINCT CASE WHEN hangs THEN span_id END) AS hung_with,
    count(DISTINCT CASE WHEN NOT hangs THEN span_id END) AS fast_with
  FROM (SELECT span_id, hangs, attribute, attribute_value FROM own
    UNION ALL SELECT span_id, hangs, attribute, attribute_value FROM valued) AS every_attribute
  WHERE attribute_value IS NOT NULL
  GROUP BY attribute, attribute_value
), summed AS (
  SELECT *,
    sum(CASE WHEN attribute = 'instance' THEN hung_with ELSE 0 END) OVER () AS hung_all,
    sum(CASE WHEN attribute = 'instance' THEN fast_with ELSE 0 END) OVER () AS fast_all
  FROM told
), ranked AS (
  SELECT *, row_number() OVER (ORDER BY hung_with DESC, fast_with DESC, attribute, attribute_value) AS place
  FROM summed WHERE hung_with > 1 OR attribute = 'instance'
)
SELECT attribute, attribute_value, hung_with, fast_with, hung_all, fast_all
FROM ranked WHERE place <= 240 ORDER BY place LIMIT $limit
