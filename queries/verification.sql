--! purpose = "The runbook's check after a restart: the newest records, to be read by a person"
--! budget = 30
--! params = { from = "timestamp", to = "timestamp", env = "text?", limit = "limit" }
--! [columns]
--! span_name = "text"
--! message = "text"
--! start_timestamp = "timestamp"
--! duration_ms = "float?"
--! otel_status_code = "text?"
--! sample_rate = "text?"
SELECT
  span_name,
  message,
  start_timestamp,
  duration * 1000 AS duration_ms,
  otel_status_code,
  attributes->>'logfire.sample_rate' AS sample_rate
FROM records
WHERE ($env IS NULL OR coalesce(deployment_environment, '') = $env)
  AND start_timestamp >= $from AND start_timestamp < $to
ORDER BY start_timestamp DESC
LIMIT $limit
