--! purpose = "How much went on, how fast and how well, by service, kind of operation and time bucket?"
--! budget = 4000
--! by_bucket = true
--! [params]
--! seen = "query"
--! role = "query"
--! failed = "query"
--! from = "timestamp"
--! listener_message = "text"
--! bucket_s = "int"
--! earlier_bucket_s = "int"
--! slot_s = "int"
--! slow_s = "seconds"
--! prompt_s = "seconds"
--! hang_after_s = "seconds"
--! queued_spans = "texts"
--! run_spans = "texts"
--! limit = "limit"
--! [columns]
--! service = "text"
--! in_window = "bool"
--! bucket = "int"
--! role = "text"
--! outcome = "text"
--! operations = "int"
--! first_at = "timestamp"
--! last_at = "timestamp"
--! active = "int"
--! min_s = "float?"
--! p5_s = "float?"
--! p50_s = "float?"
--! p95_s = "float?"
--! max_s = "float?"
--! slow = "int"
--! slow_first_at = "timestamp?"
--! slow_last_at = "timestamp?"
--! route = "text?"
--! last_route = "text?"
--! some_process = "text?"
--! other_process = "text?"
--! trace_id = "text"
-- A bucket is numbered by its width from the epoch on. `active` has a bit for every slot of the bucket in which
-- something began, so that pauses show. A pending row is a start whose end is told by another row. The listener's own
-- trouble is no activity. Prompt checkouts, and requests of up to a second, stand apart from those that waited. Percentiles
-- hold every duration in memory: of what nobody is shown there are none.
SELECT service, inside = 1 AS in_window, bucket, role, outcome,
  count(*) AS operations, min(at) AS first_at, max(at) AS last_at, bit_or(CAST(1 AS BIGINT) << slot) AS active,
  min(took) AS min_s,
  percentile_cont(0.05) WITHIN GROUP (ORDER BY CASE WHEN role <> 'other' THEN took END) AS p5_s,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN role <> 'other' THEN took END) AS p50_s,
  percentile_cont(0.95) WITHIN GROUP (ORDER BY CASE WHEN role <> 'other' THEN took END) AS p95_s,
  max(took) AS max_s,
  count(CASE WHEN took > $slow_s THEN 1 END) AS slow,
  min(CASE WHEN took > $slow_s THEN at END) AS slow_first_at,
  max(CASE WHEN took > $slow_s THEN at END) AS slow_last_at,
  min(route) AS route, max(route) AS last_route, min(process) AS some_process, max(process) AS other_process,
  min(trace_id) AS trace_id
FROM (
  SELECT service, inside, role, at, took, route, process, trace_id,
    CASE WHEN inside = 1 THEN second / $bucket_s ELSE second / $earlier_bucket_s END AS bucket,
    CASE WHEN inside = 1 THEN second % $bucket_s / $slot_s ELSE 0 END AS slot,
    CASE WHEN took IS NULL THEN 'begun' WHEN failed THEN 'failed' WHEN took > $hang_after_s THEN 'hung'
      WHEN (role = 'connect' AND took <= $prompt_s) OR (role IN ('request', 'queue') AND took <= 1) THEN 'prompt' ELSE 'ok' END AS outcome
  FROM (
    SELECT coalesce(service_name, '') AS service, CASE WHEN start_timestamp >= $from THEN 1 ELSE 0 END AS inside,
      CAST(floor(extract(epoch FROM start_timestamp)) AS BIGINT) AS second,
      start_timestamp AS at, CASE WHEN kind = 'span' THEN duration END AS took, failed, trace_id,
      CASE WHEN does = 'request' THEN span_name END AS route, service_instance_id AS process,
      CASE
        WHEN kind <> 'log' AND span_name IN $run_spans THEN 'run'
        WHEN does = 'request' AND kind = 'span' AND NOT failed AND coalesce(http_response_status_code, 200) < 400
          AND span_name IN $queued_spans THEN 'queue'
        WHEN does IN ('request', 'connect', 'statement', 'driver') THEN does
        WHEN kind = 'log' AND regexp_like(message, $listener_message) THEN 'listener'
        ELSE 'other' END AS role
    FROM (SELECT *, $role AS does, $failed AS failed FROM records_all WHERE $seen AND kind IN ('span', 'pending_span', 'log')) AS known
  ) AS named
) AS placed
GROUP BY service, inside, bucket, role, outcome
HAVING inside = 1 OR min(role) IN ('connect', 'statement', 'driver', 'queue', 'run')
ORDER BY in_window DESC, bucket, service, role, outcome
LIMIT $limit
