--! purpose = "How is the application recorded: its services and processes, its spans, the lines that it logs once?"
--! budget = 3000
--! [params]
--! process = "query"
--! failed = "query"
--! from = "timestamp"
--! to = "timestamp"
--! env = "text?"
--! service = "text?"
--! limit = "limit"
--! [columns]
--! part = "text"
--! environment = "text"
--! service = "text"
--! process = "text?"
--! resource = "text?"
--! scope = "text?"
--! span_name = "text?"
--! operations = "int"
--! first_at = "timestamp"
--! last_at = "timestamp"
--! answers = "int"
--! database_calls = "int"
--! timed = "int"
--! p25_s = "float?"
--! p50_s = "float?"
--! p95_s = "float?"
--! sample_rate = "text?"
-- Three groupings of one pass: spans by scope and name, processes by what their resource names, and logs that a process
-- wrote a few times only. A request has a method or a status; only one that did not fail tells how long it takes.
SELECT part, environment, service, process, CAST(resource AS VARCHAR) AS resource, scope, span_name,
  operations, first_at, last_at, answers, database_calls, timed, p25_s, p50_s, p95_s, sample_rate
FROM (
  SELECT CASE WHEN process IS NULL THEN 'spans' WHEN span_name IS NULL THEN 'process' ELSE 'line' END AS part,
    environment, service, process, resource, scope, span_name,
    count(*) AS operations, min(at) AS first_at, max(ended_at) AS last_at,
    count(CASE WHEN answers THEN 1 END) AS answers,
    count(CASE WHEN asks THEN 1 END) AS database_calls,
    count(took) AS timed,
    percentile_cont(0.25) WITHIN GROUP (ORDER BY took) AS p25_s,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS p50_s,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY took) AS p95_s,
    min(rate) AS sample_rate
  FROM (
    SELECT coalesce(deployment_environment, '') AS environment, coalesce(service_name, '') AS service, $process AS process,
      otel_resource_attributes AS resource, concat(CASE WHEN kind = 'log' THEN 'log ' ELSE '' END, coalesce(otel_scope_name, '')) AS scope,
      substr(coalesce(span_name, ''), 1, 200) AS span_name, start_timestamp AS at, end_timestamp AS ended_at,
      http_method IS NOT NULL OR http_response_status_code IS NOT NULL AS answers,
      attributes->>'db.system' IS NOT NULL OR attributes->>'db.system.name' IS NOT NULL AS asks,
      CASE WHEN kind = 'span' AND NOT $failed THEN duration END AS took,
      attributes->>'logfire.sample_rate' AS rate
    FROM records_all
    WHERE start_timestamp >= $from AND start_timestamp < $to AND kind IN ('span', 'pending_span', 'log')
      AND ($env IS NULL OR coalesce(deployment_environment, '') = $env)
      AND ($service IS NULL OR service_name = $service)
  ) AS known
  GROUP BY GROUPING SETS (
    (environment, service, scope, span_name),
    (environment, service, process, resource),
    (environment, service, process, scope, span_name))
) AS grouped
WHERE part <> 'line' OR (scope LIKE 'log %' AND operations <= 2)
ORDER BY part DESC, operations DESC, environment, service, process, scope, span_name
LIMIT $limit
