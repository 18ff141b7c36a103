--! purpose = "What do the requests that hung, and those that were served beside them, say of themselves?"
--! budget = 2500
--! params = { seen = "query", role = "query", failed = "query", machine = "query", process = "query", notable = "texts", beside = "spans", limit = "limit" }
--! [columns]
--! trace_id = "text"
--! span_id = "text"
--! span_name = "text"
--! started_at = "timestamp"
--! ended_at = "timestamp"
--! failed = "bool"
--! unfinished = "bool"
--! worked = "bool"
--! service = "text"
--! instance = "text"
--! process = "text"
--! request_attributes = "text?"
--! connect_attributes = "text?"
--! resource_attributes = "text?"
-- One row a trace: the notable ones by their ids, and all that began within short spans of time around them. A request worked if
-- a statement of its trace succeeded. The instance is looked up behind the grouping: within it, engines read the JSON of every record.
SELECT trace_id, span_id, span_name, at AS started_at, ended_at, has_failed = 1 AS failed,
  ends = 0 AS unfinished, answered = 1 AS worked, coalesce(service_name, '') AS service, $machine AS instance, process,
  request_attributes, connect_attributes, CAST(otel_resource_attributes AS VARCHAR) AS resource_attributes
FROM (
  SELECT trace_id, process, max(service_name) AS service_name, max(service_instance_id) AS service_instance_id,
    max(otel_resource_attributes) AS otel_resource_attributes,
    min(CASE WHEN role = 'request' THEN span_id END) AS span_id, min(CASE WHEN role = 'request' THEN span_name END) AS span_name,
    min(CASE WHEN role = 'request' THEN start_timestamp END) AS at, max(CASE WHEN role = 'request' THEN end_timestamp END) AS ended_at,
    max(CASE WHEN role = 'request' AND failed THEN 1 ELSE 0 END) AS has_failed,
    max(CASE WHEN role = 'request' AND kind = 'span' THEN 1 ELSE 0 END) AS ends,
    max(CASE WHEN role IN ('statement', 'driver') AND kind = 'span' AND NOT failed THEN 1 ELSE 0 END) AS answered,
    max(CASE WHEN role = 'request' THEN CAST(attributes AS VARCHAR) END) AS request_attributes,
    max(CASE WHEN role = 'connect' THEN CAST(attributes AS VARCHAR) END) AS connect_attributes
  FROM (
    SELECT *, $role AS role, $failed AS failed, $process AS process
    FROM records_all
    WHERE $seen AND kind IN ('span', 'pending_span') AND (trace_id IN $notable OR $beside)
  ) AS known
  GROUP BY trace_id, process
) AS told
WHERE span_id IS NOT NULL
ORDER BY started_at, trace_id, process
LIMIT $limit
