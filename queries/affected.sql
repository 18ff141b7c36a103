--! purpose = "Which requests failed or hung during the incident, by route and instance?"
--! params = { operations = "query", incident_from = "timestamp", incident_to = "timestamp", hang_after_s = "seconds", limit = "limit" }
--! budget = 100
--! [columns]
--! route = "text?"
--! service = "text"
--! instance = "text"
--! requests = "int"
--! requests_failed = "int"
--! requests_hung = "int"
--! requests_affected = "int"
--! longest_s = "float?"
-- What has no end lasted to the end of the incident at least. The hundred that suffered most are told.
WITH asked AS (
  SELECT *,
    failed AS has_failed,
    CASE WHEN unfinished THEN extract(epoch FROM ($incident_to - started_at)) ELSE duration_s END AS lasted_s
  FROM $operations AS o
  WHERE role = 'request' AND started_at < $incident_to AND (unfinished OR ended_at >= $incident_from)
), told AS (
  SELECT span_name AS route, service, instance,
    count(*) AS requests,
    count(*) FILTER (WHERE has_failed) AS requests_failed,
    count(*) FILTER (WHERE lasted_s > $hang_after_s) AS requests_hung,
    count(*) FILTER (WHERE has_failed OR lasted_s > $hang_after_s) AS requests_affected,
    max(lasted_s) AS longest_s
  FROM asked GROUP BY span_name, service, instance
), ranked AS (
  SELECT *, row_number() OVER (ORDER BY requests_affected DESC, requests DESC, route, service, instance) AS place FROM told
)
SELECT route, service, instance, requests, requests_failed, requests_hung, requests_affected, longest_s
FROM ranked WHERE place <= 100 ORDER BY place LIMIT $limit
