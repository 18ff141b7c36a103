--! purpose = "What failed, by masked text and time bucket, and what lasted too long, trace by trace?"
--! budget = 1600
--! [params]
--! seen = "query"
--! role = "query"
--! failed = "query"
--! error = "query"
--! machine = "query"
--! process = "query"
--! from = "timestamp"
--! listener_message = "text"
--! hang_after_s = "seconds"
--! in_flight_after_s = "seconds"
--! bucket_s = "int"
--! limit = "limit"
--! [columns]
--! service = "text"
--! template = "text?"
--! sample = "text?"
--! failed_requests = "bool"
--! failed_connects = "bool"
--! survived = "bool"
--! traces = "int"
--! first_at = "timestamp?"
--! last_at = "timestamp?"
--! last_ended_at = "timestamp?"
--! took = "text?"
--! route = "text?"
--! last_route = "text?"
--! instance_names = "text?"
--! trace_id = "text"
--! hung_trace = "text?"
--! spans = "text?"
-- One exception stands on every span that it passed: the request speaks for its trace, else its first failed record. The
-- trouble begins with the database operation that failed: a chat may have been well for minutes before. What failed below
-- something that did not is survived. The listener's own logs are told by `processes`. `took` lists how long each took to
-- fail, in 0.1 ms. A trace in which something lasted longer than a hang has a row of its own with its long spans, one a
-- line: id, role, start (microseconds since 1970), seconds, failed, name, service, instance, process, error (lines of it
-- apart by the vertical tab).
SELECT service, template, min(sample) AS sample, of_request = 1 AS failed_requests, min(connect_failed) = 1 AS failed_connects,
  survived = 1 AS survived,
  count(*) AS traces, min(at) AS first_at, max(at) AS last_at, max(ended_at) AS last_ended_at,
  string_agg(took, ' ') AS took, min(route) AS route, max(route) AS last_route,
  string_agg(DISTINCT instance, ',') AS instance_names, min(trace_id) AS trace_id, hung_trace, max(spans) AS spans
FROM (
  SELECT trace_id, connect_failed, survived, CASE WHEN speaks = 0 THEN 1 ELSE 0 END AS of_request, service, sample,
    CASE WHEN speaks < 2 THEN regexp_replace(sample, '0x[0-9a-fA-F]+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9]+([.:][0-9]+)*', '#', 'g') END AS template,
    at, ended_at, route, instance,
    CAST(CAST(round(took_s * 10000) AS BIGINT) AS VARCHAR) AS took,
    CASE WHEN longest_s > $hang_after_s THEN trace_id END AS hung_trace,
    CASE WHEN longest_s > $hang_after_s THEN spans END AS spans,
    us / 1000000 / $bucket_s AS bucket
  FROM (
    SELECT trace_id, min(speaks) AS speaks, min(CASE WHEN speaks = 0 OR speaks = 1 AND is_root THEN 0 ELSE 1 END) AS survived,
      first_value(service ORDER BY place) AS service, first_value(sample ORDER BY place) AS sample,
      coalesce(min(broke_at), first_value(at ORDER BY place)) AS at, first_value(ended_at ORDER BY place) AS ended_at,
      first_value(duration ORDER BY place) AS took_s, first_value(span_name ORDER BY place) AS route,
      first_value(instance ORDER BY place) AS instance,
      coalesce(min(broke_us), first_value(us ORDER BY place)) AS us,
      max(CASE WHEN role = 'connect' AND speaks < 2 THEN 1 ELSE 0 END) AS connect_failed,
      max(CASE WHEN long AND role <> 'external' THEN duration END) AS longest_s,
      string_agg(CASE WHEN long THEN concat_ws(chr(9), span_id, role, us, duration, failed, translate(span_name, concat(chr(9), chr(10)), '  '),
        service, coalesce(instance, ''), process, replace(replace(coalesce(error, ''), chr(9), ' '), chr(10), chr(11))) END, chr(10)) AS spans
    FROM (
      SELECT *, concat(speaks, us, span_id) AS place, CASE WHEN broke THEN at END AS broke_at, CASE WHEN broke THEN us END AS broke_us
      FROM (
        SELECT trace_id, span_id, span_name, role, failed, is_root, long, at, ended_at, us, duration, service, instance, process, error,
          failed AND in_window AND role IN ('connect', 'statement', 'driver') AS broke,
          CASE WHEN NOT (failed AND in_window) OR is_listener THEN 2 WHEN role IN ('request', 'health') THEN 0 ELSE 1 END AS speaks,
          substr(split_part(coalesce(error, CASE WHEN role IN ('request', 'health')
            THEN concat('HTTP ', CAST(http_response_status_code AS VARCHAR)) END, message), chr(10), 1), 1, 300) AS sample
        FROM (
          SELECT *, start_timestamp AS at, end_timestamp AS ended_at, parent_span_id IS NULL AS is_root,
            CAST(round(extract(epoch FROM start_timestamp) * 1000000) AS BIGINT) AS us, coalesce(service_name, '') AS service,
            $machine AS instance, $process AS process, $error AS error,
            role IN ('request', 'health', 'connect', 'statement', 'driver', 'ping', 'external') AND coalesce(duration > $in_flight_after_s, false)
              AND lately AS long,
            kind = 'log' AND coalesce(regexp_like(message, $listener_message), false) AS is_listener
          FROM (
            SELECT *, $role AS role, $failed AS failed, start_timestamp >= $from AS in_window, end_timestamp >= $from AS lately
            FROM records_all WHERE $seen AND kind IN ('span', 'log')
          ) AS known
          WHERE (failed AND in_window) OR (duration > $in_flight_after_s AND lately)
        ) AS named
      ) AS spoken
    ) AS rated
    WHERE speaks < 2 OR long
    GROUP BY trace_id
  ) AS traces
  WHERE speaks < 2 OR longest_s > $hang_after_s
) AS told
GROUP BY service, template, of_request, survived, bucket, hung_trace
ORDER BY failed_requests DESC, traces DESC, first_at, template, hung_trace
LIMIT $limit
