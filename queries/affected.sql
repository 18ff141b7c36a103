--! purpose = "Which requests failed or hung during the incident, by route and process? The most affected first"
--! params = { seen = "query", role = "query", failed = "query", machine = "query", incident_from = "timestamp", incident_to = "timestamp", hang_after_s = "seconds", limit = "limit" }
--! budget = 500
--! [columns]
--! route = "text?"
--! service = "text"
--! instance = "text"
--! requests = "int"
--! requests_failed = "int"
--! requests_hung = "int"
--! requests_affected = "int"
--! longest_s = "float?"
-- What has no end is counted beside it, by what `unfinished` told.
SELECT span_name AS route, coalesce(service_name, '') AS service, $machine AS instance,
  requests, requests_failed, requests_hung, requests_affected, longest_s
FROM (
  SELECT span_name, service_name, service_instance_id, process_pid, otel_resource_attributes,
    count(*) AS requests,
    count(CASE WHEN failed THEN 1 END) AS requests_failed,
    count(CASE WHEN duration > $hang_after_s THEN 1 END) AS requests_hung,
    count(CASE WHEN failed OR duration > $hang_after_s THEN 1 END) AS requests_affected,
    max(duration) AS longest_s
  FROM (
    SELECT *, $failed AS failed, $role AS role
    FROM records_all WHERE $seen AND kind = 'span' AND start_timestamp < $incident_to AND end_timestamp >= $incident_from
  ) AS known
  WHERE role = 'request'
  GROUP BY span_name, service_name, service_instance_id, process_pid, otel_resource_attributes
) AS told
ORDER BY requests_affected DESC, requests DESC, route, service, instance
LIMIT $limit
