--! purpose = "Traffic and speed over time, in at most 120 buckets a service"
--! budget = 500
--! params = { operations = "query", from = "timestamp", bucket = "text", slow_s = "seconds", hang_after_s = "seconds", limit = "limit" }
--! [columns]
--! bucket_at = "timestamp"
--! service = "text"
--! usual_before_s = "float?"
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
-- The three busiest services and all others: a window has few. What lies before the window is one bucket: how long
-- statements took there is what is usual, where the window itself holds nothing else.
WITH counted AS (
  SELECT *, count(*) OVER (PARTITION BY service) AS operations_of_service FROM $operations AS o
), ranked AS (
  SELECT *, dense_rank() OVER (ORDER BY operations_of_service DESC, service) AS place FROM counted
), buckets AS (
  SELECT
    CASE WHEN started_at >= $from THEN time_bucket($bucket, started_at) END AS bucket_at,
    CASE WHEN place <= 3 THEN service ELSE '(other)' END AS service,
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
  FROM ranked
  GROUP BY 1, 2
), compared AS (
  SELECT *, max(CASE WHEN bucket_at IS NULL THEN statements_p50_s END) OVER (PARTITION BY service) AS usual_before_s
  FROM buckets
)
SELECT bucket_at, service, usual_before_s, requests, failed_requests_count, requests_p50_s, requests_p95_s,
  statements, statements_slow, statements_min_s, statements_p5_s, statements_p50_s, statements_p95_s, statements_max_s,
  slow_first_at, slow_last_at, trace_id
FROM compared WHERE bucket_at IS NOT NULL
ORDER BY bucket_at, service
LIMIT $limit
