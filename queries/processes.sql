--! purpose = "Which processes there were, what each said of itself, what it served, and when it was silent?"
--! budget = 1300
--! [params]
--! seen = "query"
--! role = "query"
--! failed = "query"
--! error = "query"
--! machine = "query"
--! process = "query"
--! instance_names = "attribute_names"
--! from = "timestamp"
--! measured_from = "timestamp"
--! starting_message = "text"
--! stopping_message = "text"
--! connected_message = "text"
--! heartbeat_timeout_message = "text"
--! heartbeat_failed_message = "text"
--! lost_message = "text"
--! reconnect_failed_message = "text"
--! notify_failed_message = "text"
--! pool_message = "text"
--! bucket_s = "int"
--! earlier_bucket_s = "int"
--! slot_s = "int"
--! lasting_s = "seconds"
--! limit = "limit"
--! [columns]
--! instance = "text"
--! process = "text"
--! service = "text"
--! machine_by = "text?"
--! service_version = "text?"
--! first_at = "timestamp"
--! last_at = "timestamp"
--! operations = "int"
--! served = "int"
--! p50_s = "float?"
--! p95_s = "float?"
--! max_s = "float?"
--! driver_p50_s = "float?"
--! driver_p95_s = "float?"
--! driver_max_s = "float?"
--! asked_at = "timestamp?"
--! database_roles = "int"
--! in_vain = "int"
--! dry_from = "timestamp?"
--! dry_to = "timestamp?"
--! pool_timeout_at = "timestamp?"
--! trace_id = "text?"
--! sample = "text?"
--! activity = "text?"
--! lines = "text?"
--! routes = "text?"
-- One row a process, however many there are, with three lists. `activity`, by bucket: whether it lies in the window, its
-- number and its active slots as in `traffic`, first start, last start, last end, records; of what ended in the window
-- requests, failed ones, health checks, failed spans and logs that nothing stands above, failed ones below others, outgoing
-- calls that were refused; statements begun, ended, not failed; the same as their driver records them. `lines`, by bucket:
-- kind, how many, how many failures, first, last, trace. `routes`: successes, those that lasted, microseconds of the others,
-- last, route. `database_roles` is a sum of 1 for checkouts and 2 for statements. Times are microseconds since 1970. A checkout
-- that failed after a second or more waited in vain: a refusal fails at once.
-- Percentiles hold every duration in memory: only what began at or after a time is measured.
SELECT $machine AS instance, $process AS process, coalesce(service_name, '') AS service,
  $instance_names AS machine_by, service_version,
  first_at, last_at, operations, served, asked_at, database_roles, p50_s, p95_s, max_s,
  driver_p50_s, driver_p95_s, driver_max_s, in_vain, dry_from, dry_to, pool_timeout_at, trace_id, sample, activity, lines, routes
FROM (
  SELECT service_name, service_instance_id, process_pid,
    resource AS otel_resource_attributes, max(version) AS service_version,
    min(first_at) AS first_at, max(ended_at) AS last_at,
    sum(CASE WHEN bucket IS NOT NULL THEN records ELSE 0 END) AS operations,
    sum(CASE WHEN bucket IS NOT NULL THEN served ELSE 0 END) AS served,
    min(asked_at) AS asked_at, bit_or(database_roles) AS database_roles,
    max(CASE WHEN bucket IS NULL THEN p50_s END) AS p50_s,
    max(CASE WHEN bucket IS NULL THEN p95_s END) AS p95_s,
    max(longest_s) AS max_s,
    max(CASE WHEN bucket IS NULL THEN driver_p50_s END) AS driver_p50_s,
    max(CASE WHEN bucket IS NULL THEN driver_p95_s END) AS driver_p95_s,
    max(driver_longest_s) AS driver_max_s,
    sum(CASE WHEN bucket IS NOT NULL THEN vain ELSE 0 END) AS in_vain,
    min(vain_from) AS dry_from, max(vain_to) AS dry_to, max(gave_up_at) AS pool_timeout_at,
    min(error_trace) AS trace_id, min(error) AS sample,
    string_agg(CASE WHEN bucket IS NOT NULL AND line IS NULL THEN concat_ws(' ', in_window, bucket, active,
      first_us, last_us, end_us, records, ended, ended_failed, ended_health, error_spans, error_logs, error_parts, refused,
      statements, ended_statements, ended_answered, driver, ended_driver, driver_answered) END, ';') AS activity,
    string_agg(CASE WHEN line IS NOT NULL THEN concat_ws(' ', line, records, failures, first_us, last_us, trace) END, ';') AS lines,
    string_agg(CASE WHEN route IS NOT NULL THEN concat_ws(' ', records, lasted, brief_us, last_us, replace(route, chr(10), ' ')) END, chr(10)) AS routes
  FROM (
    SELECT service_name, service_instance_id, process_pid, resource, in_window, bucket, line, route,
      max(service_version) AS version,
      count(*) AS records, min(at) AS first_at, max(ended_at) AS ended_at,
      min(us) AS first_us, max(us) AS last_us, max(end_us) AS end_us, bit_or(CAST(1 AS BIGINT) << slot) AS active,
      min(CASE WHEN in_window = 1 AND role IN ('request', 'connect') THEN at END) AS asked_at,
      bit_or(CASE role WHEN 'connect' THEN 1 WHEN 'statement' THEN 2 WHEN 'driver' THEN 2 ELSE 0 END) AS database_roles,
      count(CASE WHEN role = 'request' THEN 1 END) AS served,
      count(CASE WHEN role = 'statement' AND is_span THEN 1 END) AS statements,
      count(CASE WHEN role = 'driver' AND is_span THEN 1 END) AS driver,
      count(CASE WHEN duration > $lasting_s THEN 1 END) AS lasted,
      coalesce(sum(CASE WHEN duration <= $lasting_s THEN end_us - us END), 0) AS brief_us,
      count(CASE WHEN counts AND is_span AND role = 'request' THEN 1 END) AS ended,
      count(CASE WHEN counts AND is_span AND role = 'request' AND failed THEN 1 END) AS ended_failed,
      count(CASE WHEN counts AND is_span AND role = 'health' THEN 1 END) AS ended_health,
      count(took) AS ended_statements,
      percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN at >= $measured_from THEN took END) AS p50_s,
      percentile_cont(0.95) WITHIN GROUP (ORDER BY CASE WHEN at >= $measured_from THEN took END) AS p95_s,
      max(took) AS longest_s,
      count(CASE WHEN took IS NOT NULL AND NOT failed THEN 1 END) AS ended_answered,
      count(driver_took) AS ended_driver,
      percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN at >= $measured_from THEN driver_took END) AS driver_p50_s,
      percentile_cont(0.95) WITHIN GROUP (ORDER BY CASE WHEN at >= $measured_from THEN driver_took END) AS driver_p95_s,
      max(driver_took) AS driver_longest_s,
      count(CASE WHEN driver_took IS NOT NULL AND NOT failed THEN 1 END) AS driver_answered,
      count(CASE WHEN judged AND is_span THEN 1 END) AS error_spans,
      count(CASE WHEN judged AND kind = 'log' THEN 1 END) AS error_logs,
      count(CASE WHEN counts AND failed AND NOT judged AND role IN ('other', 'log') THEN 1 END) AS error_parts,
      count(CASE WHEN counts AND role = 'external' AND otel_status_code = 'ERROR' AND NOT failed THEN 1 END) AS refused,
      count(CASE WHEN counts AND failed THEN 1 END) AS failures,
      count(CASE WHEN vain THEN 1 END) AS vain, min(CASE WHEN vain THEN at END) AS vain_from, max(CASE WHEN vain THEN ended_at END) AS vain_to,
      max(CASE WHEN failed AND role = 'connect' AND regexp_like(error, $pool_message) THEN ended_at END) AS gave_up_at,
      min(CASE WHEN judged AND line IS NULL THEN trace_id END) AS error_trace,
      min(CASE WHEN judged AND line IS NULL THEN substr(split_part(coalesce(error, message), chr(10), 1), 1, 300) END) AS error,
      min(CASE WHEN line IS NOT NULL THEN trace_id END) AS trace
    FROM (
      SELECT *,
        CASE WHEN in_window = 1 THEN us / 1000000 / $bucket_s ELSE us / 1000000 / $earlier_bucket_s END AS bucket,
        CASE WHEN in_window = 1 THEN us / 1000000 % $bucket_s / $slot_s ELSE 0 END AS slot,
        CASE WHEN role = 'request' AND is_span AND NOT failed THEN span_name END AS route,
        CASE WHEN role = 'statement' AND counts AND is_span THEN duration END AS took,
        CASE WHEN role = 'driver' AND counts AND is_span THEN duration END AS driver_took,
        counts AND failed AND (role IN ('request', 'health') OR parent_span_id IS NULL) AS judged,
        role = 'connect' AND failed AND is_span AND duration >= 1 AS vain,
        CASE WHEN kind = 'log' THEN CASE
          WHEN regexp_like(message, $connected_message) THEN 'connected'
          WHEN regexp_like(message, $starting_message) THEN 'starting'
          WHEN regexp_like(message, $stopping_message) THEN 'stopping'
          WHEN regexp_like(message, $heartbeat_timeout_message) THEN 'heartbeat_timeout'
          WHEN regexp_like(message, $heartbeat_failed_message) THEN 'heartbeat_failed'
          WHEN regexp_like(message, $lost_message) THEN 'lost'
          WHEN regexp_like(message, $reconnect_failed_message) THEN 'reconnect_failed'
          WHEN regexp_like(message, $notify_failed_message) THEN 'notify_failed' END END AS line
      FROM (
        SELECT *, $role AS role, $failed AS failed, start_timestamp AS at, end_timestamp AS ended_at,
          CAST(round(extract(epoch FROM start_timestamp) * 1000000) AS BIGINT) AS us,
          CAST(round(extract(epoch FROM end_timestamp) * 1000000) AS BIGINT) AS end_us,
          CASE WHEN start_timestamp >= $from THEN 1 ELSE 0 END AS in_window, kind = 'span' AS is_span,
          kind <> 'pending_span' AND end_timestamp >= $from AS counts,
          otel_resource_attributes AS resource, $error AS error
        FROM records_all WHERE $seen AND kind IN ('span', 'pending_span', 'log')
      ) AS known
    ) AS named
    GROUP BY GROUPING SETS (
      (service_name, service_instance_id, process_pid, resource, in_window, bucket, line),
      (service_name, service_instance_id, process_pid, resource, route))
  ) AS grouped
  GROUP BY service_name, service_instance_id, process_pid, resource
) AS told
ORDER BY first_at, instance, process
LIMIT $limit
