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
-- having arrived; what an old request waits on may have begun just now.
SELECT trace_id, span_id, span_name, role, start_timestamp AS started_at, coalesce(service_name, '') AS service,
  $machine AS instance, $process AS process
FROM (SELECT *, $role AS role FROM records_all WHERE $seen AND kind = 'pending_span') AS p
WHERE (role IN ('connect', 'statement', 'driver', 'ping', 'external')
    OR (role IN ('request', 'health') AND extract(epoch FROM $to) - extract(epoch FROM start_timestamp) > $in_flight_after_s))
  AND NOT EXISTS (
    SELECT 1 FROM records_all AS f
    WHERE f.kind = 'span' AND f.start_timestamp >= $lookback_from AND f.start_timestamp < $to
      AND f.trace_id = p.trace_id AND f.span_id = p.span_id)
ORDER BY started_at, trace_id, span_id
LIMIT $limit
