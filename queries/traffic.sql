--! purpose = "Traffic and speed over time, in at most 120 buckets"
--! budget = 122
--! params = { operations = "query", from = "timestamp", bucket = "text", slow_s = "seconds", hang_after_s = "seconds", limit = "limit" }
--! [columns]
--! bucket_at = "timestamp"
--! requests = "int"
--! failed_requests_count = "int"
--! requests_p50_s = "float?"
--! requests_p95_s = "float?"
--! statements = "int"
--! statements_slow = "int"
--! statements_min_s = "float?"
--! statements_p5_s = "float?"
--! statements_p50_s = "float?"
--! statements_p95_s = "float?"
--! statements_max_s = "float?"
--! slow_first_at = "timestamp?"
--! slow_last_at = "timestamp?"
--! trace_id = "text?"
SELECT
  time_bucket($bucket, started_at) AS bucket_at,
  count(*) FILTER (WHERE role = 'request') AS requests,
  count(*) FILTER (WHERE role = 'request' AND failed) AS failed_requests_count,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN role = 'request' THEN duration_s END) AS requests_p50_s,
  percentile_cont(0.95) WITHIN GROUP (ORDER BY CASE WHEN role = 'request' THEN duration_s END) AS requests_p95_s,
  count(*) FILTER (WHERE role = 'statement' AND NOT unfinished) AS statements,
  count(*) FILTER (WHERE role = 'statement' AND duration_s > $slow_s AND duration_s <= $hang_after_s) AS statements_slow,
  min(CASE WHEN role = 'statement' THEN duration_s END) AS statements_min_s,
  percentile_cont(0.05) WITHIN GROUP (ORDER BY CASE WHEN role = 'statement' THEN duration_s END) AS statements_p5_s,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN role = 'statement' THEN duration_s END) AS statements_p50_s,
  percentile_cont(0.95) WITHIN GROUP (ORDER BY CASE WHEN role = 'statement' THEN duration_s END) AS statements_p95_s,
  max(CASE WHEN role = 'statement' THEN duration_s END) AS statements_max_s,
  min(CASE WHEN role = 'statement' AND duration_s > $slow_s THEN started_at END) AS slow_first_at,
  max(CASE WHEN role = 'statement' AND duration_s > $slow_s THEN started_at END) AS slow_last_at,
  min(CASE WHEN role = 'statement' AND duration_s > $slow_s THEN trace_id END) AS trace_id
FROM $operations AS o
WHERE started_at >= $from
GROUP BY 1
ORDER BY 1
LIMIT $limit
