--! purpose = "What failed, grouped by masked text and by burst, each trace counted once"
--! budget = 120
--! [params]
--! spans = "query"
--! from = "timestamp"
--! listener_message = "text"
--! hang_after_s = "seconds"
--! pause_s = "seconds"
--! limit = "limit"
--! [columns]
--! template = "text"
--! sample = "text"
--! failed_requests = "bool"
--! failed_connects = "bool"
--! first_at = "timestamp"
--! last_at = "timestamp"
--! last_ended_at = "timestamp"
--! bursts = "int"
--! traces = "int"
--! hung = "int"
--! min_s = "float?"
--! p5_s = "float?"
--! p95_s = "float?"
--! max_s = "float?"
--! routes = "int"
--! route = "text?"
--! service = "text?"
--! instances = "int"
--! instance = "text?"
--! instance_names = "text?"
--! trace_id = "text?"
-- One exception stands on every span that it passed: the request speaks for its trace, else its first failed record.
-- The queue listener's own logs are told by `lifecycle`.
WITH failures AS (
  SELECT *,
    role IN ('request', 'health') AS is_request,
    max(CASE WHEN role = 'connect' THEN 1 ELSE 0 END) OVER (PARTITION BY trace_id) = 1 AS connect_failed,
    row_number() OVER (
      PARTITION BY trace_id
      ORDER BY CASE WHEN role IN ('request', 'health') THEN 0 ELSE 1 END, started_at, span_id) AS place
  FROM $spans AS s
  WHERE failed AND kind IN ('span', 'log') AND started_at >= $from
    AND NOT (kind = 'log' AND regexp_like(message, $listener_message))
), worded AS (
  SELECT *,
    substr(split_part(coalesce(
      error_text,
      CASE WHEN is_request THEN concat('HTTP ', CAST(http_status AS VARCHAR)) END,
      message), chr(10), 1), 1, 300) AS sample
  FROM failures WHERE place = 1
), masked AS (
  SELECT *, regexp_replace(sample, '0x[0-9a-fA-F]+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9]+([.:][0-9]+)*', '#', 'g') AS template
  FROM worded
), burst_starts AS (
  SELECT *,
    CASE WHEN extract(epoch FROM (started_at - lag(started_at) OVER (
        PARTITION BY service, template, is_request ORDER BY started_at, trace_id, span_id))) < $pause_s
      THEN 0 ELSE 1 END AS burst_start
  FROM masked
), bursts AS (
  SELECT *, sum(burst_start) OVER (
    PARTITION BY service, template, is_request ORDER BY started_at, trace_id, span_id ROWS UNBOUNDED PRECEDING) AS burst
  FROM burst_starts
), told AS (
  SELECT
    service,
    template,
    min(sample) AS sample,
    is_request AS failed_requests,
    min(CASE WHEN connect_failed THEN 1 ELSE 0 END) AS connects_failed,
    min(started_at) AS first_at,
    max(started_at) AS last_at,
    max(ended_at) AS last_ended_at,
    count(*) AS traces,
    count(*) FILTER (WHERE duration_s > $hang_after_s) AS hung,
    min(duration_s) AS min_s,
    percentile_cont(0.05) WITHIN GROUP (ORDER BY duration_s) AS p5_s,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_s) AS p95_s,
    max(duration_s) AS max_s,
    count(DISTINCT span_name) AS routes,
    min(span_name) AS route,
    count(DISTINCT instance) AS instances,
    min(instance) AS instance,
    string_agg(DISTINCT instance, ',') AS instance_names,
    min(trace_id) AS trace_id
  FROM bursts
  GROUP BY service, template, is_request, burst
), ranked AS (
  SELECT *, row_number() OVER (
    PARTITION BY failed_requests ORDER BY traces DESC, first_at, template, service) AS place
  FROM told
)
-- However many wordings there are, fifty bursts are told apart; what is beyond is one row.
SELECT
  CASE WHEN place <= 50 THEN template ELSE '(other)' END AS template,
  min(sample) AS sample,
  failed_requests,
  min(connects_failed) = 1 AS failed_connects,
  count(*) AS bursts,
  min(first_at) AS first_at,
  max(last_at) AS last_at,
  max(last_ended_at) AS last_ended_at,
  sum(traces) AS traces,
  sum(hung) AS hung,
  min(min_s) AS min_s,
  min(p5_s) AS p5_s,
  max(p95_s) AS p95_s,
  max(max_s) AS max_s,
  max(routes) AS routes,
  min(route) AS route,
  CASE WHEN min(service) = max(service) THEN min(service) END AS service,
  max(instances) AS instances,
  min(instance) AS instance,
  max(instance_names) AS instance_names,
  min(trace_id) AS trace_id
FROM ranked
GROUP BY failed_requests, CASE WHEN place <= 50 THEN template ELSE '(other)' END, CASE WHEN place <= 50 THEN place ELSE 51 END
ORDER BY traces DESC, first_at
LIMIT $limit
