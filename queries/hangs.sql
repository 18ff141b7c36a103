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
--! instance = "text"
--! process = "text"
--! error_text = "text?"
--! addresses = "int"
--! total = "int"
-- psycopg lists every address that it tried behind "hostaddr:"; the text alone can be 4 kB, so it is counted here.
SELECT
  trace_id, span_id, span_name, role, started_at, ended_at, duration_s, unfinished, failed, http_status,
  instance, process,
  substr(split_part(error_text, chr(10), 1), 1, 300) AS error_text,
  coalesce((length(error_text) - length(replace(error_text, 'hostaddr:', ''))) / 9, 0) AS addresses,
  count(*) OVER () AS total
FROM $operations AS o
WHERE (role IN ('request', 'health') OR parent_span_id IS NULL)
  AND (
    (NOT unfinished AND duration_s > $hang_after_s AND ended_at >= $from)
    OR (unfinished AND extract(epoch FROM ($to - started_at)) > $in_flight_after_s)
  )
ORDER BY started_at, trace_id, span_id
LIMIT $limit
