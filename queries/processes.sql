--! purpose = "Which processes emitted records, from when to when"
--! budget = 150
--! params = { spans = "query", limit = "limit" }
--! [columns]
--! instance = "text"
--! process = "text"
--! service = "text"
--! service_version = "text?"
--! first_at = "timestamp"
--! last_at = "timestamp"
--! lines = "int"
--! served = "int"
SELECT instance, process, max(service) AS service, max(service_version) AS service_version,
  min(started_at) AS first_at, max(ended_at) AS last_at, count(*) AS lines,
  count(*) FILTER (WHERE role = 'request') AS served
FROM $spans AS s
GROUP BY instance, process
ORDER BY first_at, instance, process
LIMIT $limit
