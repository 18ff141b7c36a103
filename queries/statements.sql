--! purpose = "Which statements were slow during the incident, and on which tables? Those that took most time together first"
--! params = { seen = "query", role = "query", incident_from = "timestamp", incident_to = "timestamp", slow_s = "seconds", limit = "limit" }
--! budget = 60
--! [columns]
--! service = "text"
--! recorded_by = "text"
--! statement = "text"
--! statements = "int"
--! statements_s = "float"
--! longest_s = "float?"
--! trace_id = "text?"
-- Finished spans only: a pending row has no text of its statement. What differs in values only is one statement.
SELECT service, role AS recorded_by, statement, count(*) AS statements, sum(duration) AS statements_s, max(duration) AS longest_s,
  first_value(trace_id ORDER BY duration DESC, span_id) AS trace_id
FROM (
  SELECT role, duration, trace_id, span_id, coalesce(service_name, '') AS service,
    substr(regexp_replace(regexp_replace(
      coalesce(nullif(attributes->>'db.query.text', ''), nullif(attributes->>'db.statement', ''), nullif(message, ''), span_name),
      '''[^'']*''|\b[0-9]+\b', '#', 'g'), '\s+', ' ', 'g'), 1, 600) AS statement
  FROM (
    SELECT *, $role AS role
    FROM records_all
    WHERE $seen AND kind = 'span' AND duration > $slow_s AND start_timestamp < $incident_to AND end_timestamp >= $incident_from
  ) AS known
  WHERE role IN ('statement', 'driver')
) AS told
GROUP BY service, role, statement
ORDER BY statements_s DESC, statement
LIMIT $limit
