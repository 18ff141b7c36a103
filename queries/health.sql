--! purpose = "What each process did in the window and said of itself: its newest life apart from those before"
--! budget = 300
--! [params]
--! spans = "query"
--! from = "timestamp"
--! starts_from = "timestamp"
--! startup_s = "seconds"
--! starting_message = "text"
--! stopping_message = "text"
--! connected_message = "text"
--! listener_message = "text"
--! limit = "limit"
--! [columns]
--! instance = "text"
--! process = "text"
--! newest_life = "bool"
--! first_at = "timestamp"
--! last_at = "timestamp"
--! started_line_at = "timestamp?"
--! stopping_at = "timestamp?"
--! starting_lines = "int"
--! active_seconds = "int"
--! connected_at = "timestamp?"
--! trouble_first_at = "timestamp?"
--! trouble_last_at = "timestamp?"
--! requests = "int"
--! failed_requests_count = "int"
--! requests_with_database = "int"
--! health_requests = "int"
--! statements = "int"
--! statements_p50_s = "float?"
--! statements_p95_s = "float?"
--! statements_max_s = "float?"
--! error_spans = "int"
--! error_logs = "int"
--! listener_errors = "int"
--! listener_errors_open = "int"
--! error_trace_id = "text?"
--! error_text = "text?"
-- A service_instance_id and a pid may come again after a restart: the line that a process starts with parts its lives.
-- What ended in the window counts, whenever it began. A pending row tells of a start only.
WITH named AS (
  SELECT *,
    kind = 'log' AND coalesce(regexp_like(message, $starting_message), false) AS says_starting,
    kind = 'log' AND coalesce(regexp_like(message, $stopping_message), false) AS says_stopping,
    kind = 'log' AND coalesce(regexp_like(message, $connected_message), false) AS says_connected,
    kind = 'log' AND coalesce(regexp_like(message, $listener_message), false) AS says_trouble,
    kind IN ('span', 'log') AND ended_at >= $from AS counts
  FROM $spans AS s
), lives AS (
  SELECT instance, process,
    CASE
      WHEN extract(epoch FROM (max(CASE WHEN says_starting THEN started_at END) - min(started_at))) > $startup_s
        THEN max(CASE WHEN says_starting THEN started_at END)
      ELSE min(started_at) END AS life_from,
    max(CASE WHEN says_connected THEN started_at END) AS last_connected_at
  FROM named GROUP BY instance, process
), database_traces AS (
  SELECT DISTINCT trace_id FROM named WHERE counts AND role = 'statement' AND kind = 'span' AND NOT failed
), told AS (
  SELECT n.*,
    n.started_at >= l.life_from AS newest_life,
    n.started_at > coalesce(l.last_connected_at, l.life_from) AS after_connect,
    n.counts AND n.kind = 'span' AND n.role = 'request' AS is_request,
    n.counts AND n.kind = 'span' AND n.role = 'statement' AS is_statement,
    d.trace_id IS NOT NULL AS reached_database,
    n.counts AND n.failed AND NOT n.says_trouble AS is_error
  FROM named AS n
  JOIN lives AS l ON l.instance = n.instance AND l.process = n.process
  LEFT JOIN database_traces AS d ON d.trace_id = n.trace_id
), summed AS (
  SELECT
    instance, process, newest_life,
    min(started_at) AS first_at,
    max(ended_at) AS last_at,
    max(CASE WHEN says_starting THEN started_at END) AS started_line_at,
    max(CASE WHEN says_stopping THEN started_at END) AS stopping_at,
    count(*) FILTER (WHERE says_starting AND started_at >= $starts_from) AS starting_lines,
    count(DISTINCT date_trunc('second', started_at)) AS active_seconds,
    max(CASE WHEN says_connected THEN started_at END) AS connected_at,
    min(CASE WHEN says_trouble AND after_connect THEN started_at END) AS trouble_first_at,
    max(CASE WHEN says_trouble AND after_connect THEN started_at END) AS trouble_last_at,
    count(*) FILTER (WHERE is_request) AS requests,
    count(*) FILTER (WHERE is_request AND failed) AS failed_requests_count,
    count(*) FILTER (WHERE is_request AND NOT failed AND reached_database) AS requests_with_database,
    count(*) FILTER (WHERE counts AND kind = 'span' AND role = 'health') AS health_requests,
    count(*) FILTER (WHERE is_statement) AS statements,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN is_statement THEN duration_s END) AS statements_p50_s,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY CASE WHEN is_statement THEN duration_s END) AS statements_p95_s,
    max(CASE WHEN is_statement THEN duration_s END) AS statements_max_s,
    count(*) FILTER (WHERE is_error AND kind = 'span') AS error_spans,
    count(*) FILTER (WHERE is_error AND kind = 'log') AS error_logs,
    count(*) FILTER (WHERE counts AND failed AND says_trouble) AS listener_errors,
    count(*) FILTER (WHERE counts AND failed AND says_trouble AND after_connect) AS listener_errors_open,
    min(CASE WHEN is_error THEN trace_id END) AS error_trace_id,
    min(CASE WHEN is_error THEN substr(split_part(coalesce(error_text, message), chr(10), 1), 1, 300) END) AS error_text
  FROM told
  GROUP BY instance, process, newest_life
), placed AS (
  SELECT *, row_number() OVER (PARTITION BY instance ORDER BY first_at DESC, process) AS place FROM summed
)
SELECT
  instance, process, newest_life, first_at, last_at, started_line_at, stopping_at, starting_lines, active_seconds,
  connected_at, trouble_first_at, trouble_last_at, requests, failed_requests_count, requests_with_database,
  health_requests, statements, statements_p50_s, statements_p95_s, statements_max_s, error_spans, error_logs,
  listener_errors, listener_errors_open, error_trace_id, error_text
FROM placed
-- A crash loop must not push out the one life of a healthy instance.
WHERE place <= 20
ORDER BY first_at DESC, instance, process
LIMIT $limit
