--! purpose = "What has begun and not ended?"
--! budget = 2200
--! [params]
--! seen = "query"
--! role = "query"
--! machine = "query"
--! process = "query"
--! lookback_from = "timestamp"
--! to = "timestamp"
--! in_flight_after_s = "seconds"
--! limit = "limit"
--! [columns]
--! trace_id = "text"
--! span_id = "text"
--! span_name = "text"
--! role = "text"
--! started_at = "timestamp"
--! service = "text"
--! instance = "text"
--! process = "text"
-- A pending row stays for ever beside the final one, so what is unfinished has no final row of the same ids. The few
-- pending rows are held, the many final ones pass by. Requests of a few seconds may have ended without their final row
-- having arrived; what an old request waits on may have begun just now. Role and instance are looked at behind the grouping, where
-- little is left: before it, engines compute them for every record, once more for each name that they are compared with.
SELECT trace_id, span_id, span_name, role, started_at, coalesce(service_name, '') AS service, $machine AS instance, $process AS process
FROM (
  SELECT trace_id, span_id, min(span_name) AS span_name, min(role) AS role, min(start_timestamp) AS started_at,
    min(service_name) AS service_name, min(service_instance_id) AS service_instance_id, min(process_pid) AS process_pid,
    min(otel_resource_attributes) AS otel_resource_attributes
  FROM (SELECT *, $role AS role FROM records_all WHERE $seen AND kind = 'pending_span') AS p
  WHERE NOT EXISTS (
    SELECT 1 FROM records_all AS f
    WHERE f.kind = 'span' AND f.start_timestamp >= $lookback_from AND f.start_timestamp < $to
      AND f.trace_id = p.trace_id AND f.span_id = p.span_id)
  GROUP BY trace_id, span_id
) AS open
WHERE role IN ('connect', 'statement', 'driver', 'ping', 'external')
  OR (role IN ('request', 'health') AND extract(epoch FROM $to) - extract(epoch FROM started_at) > $in_flight_after_s)
ORDER BY started_at, trace_id, span_id
LIMIT $limit
