--! purpose = "What do the errors of failed connects say in full, and how long did those take?"
--! params = { operations = "query", incident_from = "timestamp", incident_to = "timestamp", limit = "limit" }
--! budget = 8
--! [columns]
--! connect_error = "text"
--! connects_failed = "int"
--! shortest_s = "float?"
--! longest_s = "float?"
--! trace_id = "text?"
-- One text of psycopg is 3.5 kB: the longest of each first line is enough.
WITH errors AS (
  SELECT split_part(error_text, chr(10), 1) AS first_line, error_text, duration_s, trace_id
  FROM $operations AS o
  WHERE role = 'connect' AND failed AND error_text IS NOT NULL AND started_at >= $incident_from AND started_at < $incident_to
), told AS (
  SELECT first_line, substr(max(error_text), 1, 8000) AS connect_error, count(*) AS connects_failed,
    min(duration_s) AS shortest_s, max(duration_s) AS longest_s, min(trace_id) AS trace_id
  FROM errors GROUP BY first_line
), ranked AS (
  SELECT *, row_number() OVER (ORDER BY length(connect_error) DESC, connects_failed DESC, first_line) AS place FROM told
)
SELECT connect_error, connects_failed, shortest_s, longest_s, trace_id
FROM ranked WHERE place <= 8 ORDER BY place LIMIT $limit
