--! purpose = "Every record from the lookback to the end of the window, with the names that the other questions share"
--! [params]
--! lookback_from = "timestamp"
--! to = "timestamp"
--! env = "text?"
--! service = "text?"
--! instance = "text?"
--! instance_key = "text"
--! request_scope = "text"
--! health_span = "text"
--! database_scope = "text"
--! connect_span = "text"
--! [columns]
--! trace_id = "text"
--! span_id = "text"
--! parent_span_id = "text?"
--! kind = "text"
--! span_name = "text"
--! message = "text"
--! record_level = "int"
--! started_at = "timestamp"
--! ended_at = "timestamp"
--! duration_s = "float?"
--! failed = "bool"
--! http_status = "int?"
--! service = "text"
--! service_version = "text?"
--! instance = "text"
--! process = "text"
--! role = "text"
--! error_text = "text?"
-- An instance is a machine, a process one life of it: the SDK's own service_instance_id is new with every process.
-- ASGI's "http send" and "http receive" are parts of a request, not requests.
-- A failed connect has level 5 and a failed statement has no exception: only otel_status_code tells.
SELECT * FROM (
  SELECT
    trace_id, span_id, parent_span_id, kind, span_name, message,
    level AS record_level,
    start_timestamp AS started_at,
    end_timestamp AS ended_at,
    CASE WHEN kind = 'span' THEN duration END AS duration_s,
    coalesce(otel_status_code = 'ERROR', false)
      OR coalesce(http_response_status_code, 0) >= 500
      OR (kind = 'log' AND level >= 17) AS failed,
    http_response_status_code AS http_status,
    coalesce(service_name, '') AS service,
    service_version,
    coalesce(otel_resource_attributes->>$instance_key, otel_resource_attributes->>'host.name',
             service_instance_id, service_name) AS instance,
    concat(coalesce(service_instance_id, ''), '/', coalesce(CAST(process_pid AS VARCHAR), '')) AS process,
    CASE
      WHEN kind = 'log' THEN 'log'
      WHEN regexp_like(otel_scope_name, $request_scope) THEN CASE
        WHEN span_name LIKE '% http send%' OR span_name LIKE '% http receive%' THEN 'other'
        WHEN regexp_like(span_name, $health_span) THEN 'health'
        ELSE 'request' END
      WHEN regexp_like(otel_scope_name, $database_scope) THEN CASE
        WHEN span_name = $connect_span THEN 'connect'
        ELSE 'statement' END
      ELSE 'other'
    END AS role,
    coalesce(exception_message, otel_status_message) AS error_text
  FROM records_all
  WHERE start_timestamp >= $lookback_from AND start_timestamp < $to
    AND kind IN ('span', 'pending_span', 'log')
    AND ($env IS NULL OR coalesce(deployment_environment, '') = $env)
    AND ($service IS NULL OR service_name = $service)
) AS named
WHERE $instance IS NULL OR instance = $instance
