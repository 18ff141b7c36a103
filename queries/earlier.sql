--! purpose = "Did checkouts succeed in the lookback? A hang that began before the window has its contrast there"
--! params = { operations = "query", from = "timestamp", earlier_bucket = "text", limit = "limit" }
--! budget = 250
--! [columns]
--! service = "text"
--! connects = "int"
--! connects_first_at = "timestamp?"
--! connects_last_at = "timestamp?"
--! connects_min_s = "float?"
--! connects_p5_s = "float?"
--! connects_p50_s = "float?"
--! connects_p95_s = "float?"
--! connects_max_s = "float?"
--! instances = "int"
--! instance = "text?"
--! trace_id = "text?"
-- A budget for four services: a window has few.
SELECT
  service,
  count(*) AS connects,
  min(started_at) AS connects_first_at,
  max(started_at) AS connects_last_at,
  min(duration_s) AS connects_min_s,
  percentile_cont(0.05) WITHIN GROUP (ORDER BY duration_s) AS connects_p5_s,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_s) AS connects_p50_s,
  percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_s) AS connects_p95_s,
  max(duration_s) AS connects_max_s,
  count(DISTINCT instance) AS instances,
  min(instance) AS instance,
  min(trace_id) AS trace_id
FROM $operations AS o
WHERE role = 'connect' AND NOT failed AND NOT unfinished AND started_at < $from
GROUP BY service, time_bucket($earlier_bucket, started_at)
ORDER BY connects_first_at, service
LIMIT $limit
