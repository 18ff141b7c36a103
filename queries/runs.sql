--! purpose = "What succeeded in a row: checkouts and requests between one notable start and the next"
--! budget = 300
--! [params]
--! operations = "query"
--! from = "timestamp"
--! hang_after_s = "seconds"
--! pause_s = "seconds"
--! slow_s = "seconds"
--! limit = "limit"
--! [columns]
--! run = "int"
--! connects = "int"
--! connects_first_at = "timestamp?"
--! connects_last_at = "timestamp?"
--! connects_min_s = "float?"
--! connects_p5_s = "float?"
--! connects_p50_s = "float?"
--! connects_p95_s = "float?"
--! connects_max_s = "float?"
--! requests = "int"
--! requests_first_at = "timestamp?"
--! requests_last_at = "timestamp?"
--! requests_min_s = "float?"
--! requests_p5_s = "float?"
--! requests_p95_s = "float?"
--! requests_max_s = "float?"
--! service = "text"
--! routes = "int"
--! route = "text?"
--! instances = "int"
--! instance = "text?"
--! trace_id = "text?"
-- A run is cut by a hang's start (six of a wave: the rest says the same), when all hangs have ended, where a burst of
-- failures or of slow checkouts begins and ends, by a process that is new, and by a pause. So there are few runs,
-- however much traffic. Each service has its own: one that is well says nothing of another.
WITH marked AS (
  SELECT *,
    role = 'request' AND (unfinished OR duration_s > $hang_after_s) AS hangs,
    NOT unfinished AND NOT failed AND duration_s <= $hang_after_s AS succeeded
  FROM $operations AS o
  WHERE role IN ('request', 'connect') AND started_at >= $from
), seen AS (
  SELECT *,
    row_number() OVER (PARTITION BY instance, process ORDER BY started_at, trace_id, span_id) AS process_no,
    lag(started_at) OVER (PARTITION BY service ORDER BY started_at, trace_id, span_id) AS previous_at,
    max(CASE WHEN failed THEN started_at END) OVER (
      PARTITION BY service ORDER BY started_at, trace_id, span_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS failed_before_at,
    min(CASE WHEN failed THEN started_at END) OVER (
      PARTITION BY service ORDER BY started_at, trace_id, span_id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS failed_after_at,
    max(CASE WHEN hangs AND NOT unfinished THEN ended_at END) OVER (
      PARTITION BY service ORDER BY started_at, trace_id, span_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS hanging_until,
    sum(CASE WHEN hangs THEN 1 ELSE 0 END) OVER (
      PARTITION BY service ORDER BY started_at RANGE BETWEEN INTERVAL '5 minutes' PRECEDING AND CURRENT ROW) AS hangs_lately,
    -- Its neighbours decide, so that a few slow checkouts are no change.
    role = 'connect' AND avg(CASE WHEN duration_s > $slow_s THEN 1.0 ELSE 0.0 END) OVER (
      PARTITION BY service, role ORDER BY started_at, trace_id, span_id ROWS BETWEEN 15 PRECEDING AND 15 FOLLOWING) > 0.5 AS is_slow
  FROM marked
), states AS (
  SELECT *,
    coalesce(extract(epoch FROM (failed_after_at - failed_before_at)) < $pause_s, false) AS in_burst,
    coalesce(started_at <= hanging_until, false) AS beside_hang
  FROM seen
), changes AS (
  SELECT *,
    in_burst <> lag(in_burst) OVER (PARTITION BY service ORDER BY started_at, trace_id, span_id) AS burst_changes,
    beside_hang <> lag(beside_hang) OVER (PARTITION BY service ORDER BY started_at, trace_id, span_id) AS hanging_changes,
    role = 'connect' AND is_slow <> lag(is_slow) OVER (
      PARTITION BY service, role ORDER BY started_at, trace_id, span_id) AS speed_changes
  FROM states
), numbered AS (
  SELECT *,
    sum(CASE
      WHEN hangs AND hangs_lately <= 6 THEN 1
      WHEN process_no = 1 THEN 1
      WHEN extract(epoch FROM (started_at - previous_at)) >= $pause_s THEN 1
      WHEN burst_changes OR hanging_changes OR speed_changes THEN 1
      ELSE 0 END) OVER (PARTITION BY service ORDER BY started_at, trace_id, span_id ROWS UNBOUNDED PRECEDING) AS run
  FROM changes
)
SELECT
  run,
  count(*) FILTER (WHERE role = 'connect') AS connects,
  min(CASE WHEN role = 'connect' THEN started_at END) AS connects_first_at,
  max(CASE WHEN role = 'connect' THEN started_at END) AS connects_last_at,
  min(CASE WHEN role = 'connect' THEN duration_s END) AS connects_min_s,
  percentile_cont(0.05) WITHIN GROUP (ORDER BY CASE WHEN role = 'connect' THEN duration_s END) AS connects_p5_s,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN role = 'connect' THEN duration_s END) AS connects_p50_s,
  percentile_cont(0.95) WITHIN GROUP (ORDER BY CASE WHEN role = 'connect' THEN duration_s END) AS connects_p95_s,
  max(CASE WHEN role = 'connect' THEN duration_s END) AS connects_max_s,
  count(*) FILTER (WHERE role = 'request') AS requests,
  min(CASE WHEN role = 'request' THEN started_at END) AS requests_first_at,
  max(CASE WHEN role = 'request' THEN started_at END) AS requests_last_at,
  min(CASE WHEN role = 'request' THEN duration_s END) AS requests_min_s,
  percentile_cont(0.05) WITHIN GROUP (ORDER BY CASE WHEN role = 'request' THEN duration_s END) AS requests_p5_s,
  percentile_cont(0.95) WITHIN GROUP (ORDER BY CASE WHEN role = 'request' THEN duration_s END) AS requests_p95_s,
  max(CASE WHEN role = 'request' THEN duration_s END) AS requests_max_s,
  service,
  count(DISTINCT CASE WHEN role = 'request' THEN span_name END) AS routes,
  min(CASE WHEN role = 'request' THEN span_name END) AS route,
  count(DISTINCT instance) AS instances,
  min(instance) AS instance,
  min(trace_id) AS trace_id
FROM numbered
WHERE succeeded
GROUP BY service, run
ORDER BY min(started_at), service, run
LIMIT $limit
