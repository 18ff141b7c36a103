--! purpose = "Which requests hung or are in flight, and database operations that stand alone"
--! budget = 250
--! [params]
--! operations = "query"
--! from = "timestamp"
--! to = "timestamp"
--! hang_after_s = "seconds"
--! in_flight_after_s = "seconds"
--! limit = "limit"
--! [columns]
--! trace_id = "text"
--! span_id = "text"
--! span_name = "text"
--! role = "text"
--! started_at = "timestamp"
--! ended_at = "timestamp"
--! duration_s = "float?"
--! unfinished = "bool"
--! failed = "bool"
--! http_status = "int?"
--! service = "text"
--! instance = "text"
--! process = "text"
--! error_text = "text?"
--! addresses = "int"
--! waits_on = "text?"
--! total = "int"
-- psycopg lists every address that it tried behind "hostaddr:"; the text alone can be 4 kB, so it is counted here.
-- What a request waits on is its open child, else its longest.
WITH children AS (
  SELECT trace_id, parent_span_id AS request_span_id, role AS waits_on,
    row_number() OVER (
      PARTITION BY trace_id, parent_span_id
      ORDER BY CASE WHEN unfinished THEN 0 ELSE 1 END, duration_s DESC, started_at DESC, span_id) AS place
  FROM $operations AS c
  WHERE role IN ('connect', 'statement') AND (unfinished OR duration_s > $in_flight_after_s)
)
SELECT
  o.trace_id, o.span_id, span_name, role, started_at, ended_at, duration_s, unfinished, failed, http_status,
  service, instance, process,
  coalesce(waits_on, CASE WHEN role IN ('connect', 'statement') THEN role END) AS waits_on,
  substr(split_part(error_text, chr(10), 1), 1, 300) AS error_text,
  coalesce((length(error_text) - length(replace(error_text, 'hostaddr:', ''))) / 9, 0) AS addresses,
  count(*) OVER () AS total
FROM $operations AS o
LEFT JOIN children AS c ON c.trace_id = o.trace_id AND c.request_span_id = o.span_id AND c.place = 1
WHERE (role IN ('request', 'health') OR parent_span_id IS NULL)
  AND (
    (NOT unfinished AND duration_s > $hang_after_s AND ended_at >= $from)
    OR (unfinished AND extract(epoch FROM ($to - started_at)) > $in_flight_after_s)
  )
ORDER BY started_at, o.trace_id, o.span_id
LIMIT $limit
