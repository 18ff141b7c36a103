--! purpose = "What do the errors of failed connects say in full, and how long did those take?"
--! params = { seen = "query", role = "query", failed = "query", error = "query", incident_from = "timestamp", incident_to = "timestamp", limit = "limit" }
--! budget = 8
--! [columns]
--! connect_error = "text"
--! connects_failed = "int"
--! shortest_s = "float?"
--! longest_s = "float?"
--! trace_id = "text?"
-- One text of psycopg is 3.5 kB: the longest of each first line is enough.
SELECT connect_error, connects_failed, shortest_s, longest_s, trace_id
FROM (
  SELECT substr(max(error), 1, 8000) AS connect_error, length(max(error)) AS size, count(*) AS connects_failed,
    min(duration) AS shortest_s, max(duration) AS longest_s, min(trace_id) AS trace_id
  FROM (
    SELECT *, $role AS role, $error AS error
    FROM records_all
    WHERE $seen AND kind = 'span' AND $failed AND start_timestamp >= $incident_from AND start_timestamp < $incident_to
  ) AS known
  WHERE role = 'connect' AND error IS NOT NULL
  GROUP BY split_part(error, chr(10), 1)
  ORDER BY size DESC, connects_failed DESC, connect_error
  LIMIT 8
) AS told
LIMIT $limit
