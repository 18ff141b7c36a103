--! purpose = "What hangs, or hung, and what each waits on: its open or longest checkout, statement or outgoing call"
--! budget = 500
--! [params]
--! operations = "query"
--! spans = "query"
--! from = "timestamp"
--! to = "timestamp"
--! hang_after_s = "seconds"
--! in_flight_after_s = "seconds"
--! external_scope = "text"
--! pool_message = "text"
--! limit = "limit"
--! [columns]
--! trace_id = "text"
--! span_id = "text"
--! span_name = "text"
--! role = "text"
--! started_at = "timestamp"
--! duration_s = "float?"
--! unfinished = "bool"
--! failed = "bool"
--! service = "text"
--! instance = "text"
--! process = "text"
--! error_text = "text?"
--! addresses = "int"
--! child_role = "text?"
--! child_started_at = "timestamp?"
--! child_duration_s = "float?"
--! pool_timed_out = "bool"
--! pool_timeout_at = "timestamp?"
-- A checkout or statement is told by the request of its trace; one without such a request stands for itself.
-- The error of a failed checkout stands on its request too: the request's own comes first. psycopg lists every address
-- that it tried behind "hostaddr:".
WITH listed AS (
  SELECT *, role IN ('request', 'health') AS is_request
  FROM $operations AS o
  WHERE (NOT unfinished AND duration_s > $hang_after_s AND ended_at >= $from)
     OR (unfinished AND extract(epoch FROM ($to - started_at)) > $in_flight_after_s)
), outermost AS (
  SELECT l.*
  FROM listed AS l
  LEFT JOIN (SELECT DISTINCT trace_id FROM listed WHERE is_request) AS r ON r.trace_id = l.trace_id
  WHERE l.is_request OR r.trace_id IS NULL
), leaves AS (
  SELECT trace_id, span_id, process, role, started_at, duration_s, unfinished, error_text
  FROM $operations AS database_work WHERE role IN ('connect', 'statement')
  UNION ALL
  SELECT s.trace_id, s.span_id, s.process, 'external', min(s.started_at), max(s.duration_s),
    count(*) FILTER (WHERE s.kind = 'span') = 0, max(s.error_text)
  FROM $spans AS s
  JOIN (SELECT DISTINCT trace_id, span_id FROM records_all WHERE regexp_like(otel_scope_name, $external_scope)) AS e
    ON e.trace_id = s.trace_id AND e.span_id = s.span_id
  GROUP BY s.trace_id, s.span_id, s.process
), children AS (
  -- An open request waits on what is open, the last to begin; an ended one waited on what took longest.
  SELECT o.span_id AS request_span_id, c.*,
    row_number() OVER (
      PARTITION BY o.trace_id, o.span_id
      ORDER BY CASE WHEN c.unfinished THEN c.started_at END DESC, c.duration_s DESC, c.span_id) AS place
  FROM outermost AS o
  JOIN leaves AS c ON c.trace_id = o.trace_id AND c.process = o.process AND c.unfinished = o.unfinished
  WHERE o.is_request AND c.started_at >= o.started_at
), pool_timeouts AS (
  SELECT process, max(ended_at) AS pool_timeout_at
  FROM $operations AS checkouts
  WHERE role = 'connect' AND failed AND regexp_like(error_text, $pool_message)
  GROUP BY process
)
SELECT
  o.trace_id, o.span_id, o.span_name, o.role, o.started_at, o.duration_s, o.unfinished, o.failed, o.service, o.instance, o.process,
  coalesce(o.error_text, c.error_text) AS error_text,
  coalesce((length(coalesce(o.error_text, c.error_text)) - length(replace(coalesce(o.error_text, c.error_text), 'hostaddr:', ''))) / 9, 0) AS addresses,
  c.role AS child_role,
  c.started_at AS child_started_at,
  c.duration_s AS child_duration_s,
  coalesce(regexp_like(coalesce(o.error_text, c.error_text), $pool_message), false) AS pool_timed_out,
  p.pool_timeout_at
FROM outermost AS o
LEFT JOIN children AS c ON c.trace_id = o.trace_id AND c.request_span_id = o.span_id AND c.place = 1
LEFT JOIN pool_timeouts AS p ON p.process = o.process
ORDER BY o.unfinished DESC, o.started_at, o.trace_id, o.span_id
LIMIT $limit
