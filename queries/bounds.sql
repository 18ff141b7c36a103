--! purpose = "How many records there are in the window, from when to when, and what the filters left out"
--! budget = 1
--! [params]
--! from = "timestamp"
--! to = "timestamp"
--! spans = "query"
--! listener_message = "text"
--! limit = "limit"
--! [columns]
--! records = "int"
--! first_at = "timestamp?"
--! last_at = "timestamp?"
--! last_activity_at = "timestamp?"
--! requests = "int"
--! requests_p50_s = "float?"
--! requests_p95_s = "float?"
--! requests_max_s = "float?"
--! records_unfiltered = "int"
--! environments = "text?"
--! services = "text?"
SELECT
  kept.records, kept.first_at, kept.last_at, kept.last_activity_at,
  kept.requests, kept.requests_p50_s, kept.requests_p95_s, kept.requests_max_s,
  everything.records_unfiltered, everything.environments, everything.services
FROM (
  SELECT count(*) AS records, min(started_at) AS first_at, max(started_at) AS last_at,
    max(CASE WHEN NOT (kind = 'log' AND regexp_like(message, $listener_message)) THEN started_at END) AS last_activity_at,
    count(*) FILTER (WHERE kind = 'span' AND role = 'request' AND NOT failed) AS requests,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN role = 'request' AND NOT failed THEN duration_s END) AS requests_p50_s,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY CASE WHEN role = 'request' AND NOT failed THEN duration_s END) AS requests_p95_s,
    max(CASE WHEN role = 'request' AND NOT failed THEN duration_s END) AS requests_max_s
  FROM $spans AS s WHERE started_at >= $from
) AS kept
CROSS JOIN (
  SELECT count(*) AS records_unfiltered,
    string_agg(DISTINCT coalesce(deployment_environment, ''), ', ') AS environments,
    string_agg(DISTINCT service_name, ', ') AS services
  FROM records_all WHERE start_timestamp >= $from AND start_timestamp < $to
) AS everything
LIMIT $limit
