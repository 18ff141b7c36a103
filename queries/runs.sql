--! purpose = "What succeeded in a row: checkouts and requests between one notable point in time and the next"
--! budget = 800
--! params = { seen = "query", role = "query", failed = "query", request_scopes = "texts", connect_span = "text", from = "timestamp", hang_after_s = "seconds", runs = "runs", limit = "limit" }
--! [columns]
--! service = "text"
--! run = "int"
--! role = "text"
--! operations = "int"
--! first_at = "timestamp"
--! last_at = "timestamp"
--! min_s = "float"
--! p5_s = "float"
--! p50_s = "float"
--! p95_s = "float"
--! max_s = "float"
--! route = "text"
--! last_route = "text"
--! some_process = "text?"
--! other_process = "text?"
--! trace_id = "text"
-- `runs` numbers the stretches between the cut points of each service, which the first request found. Requests and checkouts
-- are chosen by their scope and name, and by their role only behind the grouping: engines would compute it for each record once
-- more for every name it is compared with.
SELECT service, run, role, count(*) AS operations, min(at) AS first_at, max(at) AS last_at,
  min(duration) AS min_s,
  percentile_cont(0.05) WITHIN GROUP (ORDER BY duration) AS p5_s,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY duration) AS p50_s,
  percentile_cont(0.95) WITHIN GROUP (ORDER BY duration) AS p95_s,
  max(duration) AS max_s,
  min(span_name) AS route, max(span_name) AS last_route,
  min(service_instance_id) AS some_process, max(service_instance_id) AS other_process, min(trace_id) AS trace_id
FROM (
  SELECT *, $runs AS run
  FROM (
    SELECT *, coalesce(service_name, '') AS service, start_timestamp AS at, $role AS role,
      CAST(round((extract(epoch FROM start_timestamp) - extract(epoch FROM $from)) * 1000000) AS BIGINT) AS us
    FROM records_all
    WHERE $seen AND start_timestamp >= $from AND kind = 'span' AND duration <= $hang_after_s AND NOT $failed
      AND (otel_scope_name IN $request_scopes OR span_name = $connect_span)
  ) AS known
) AS placed
GROUP BY service, run, role
HAVING min(role) IN ('request', 'connect')
ORDER BY first_at, service, run, role
LIMIT $limit
