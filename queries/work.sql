--! purpose = "Is work that is queued also run?"
--! params = { spans = "query", from = "timestamp", queued_span = "text", run_span = "text", limit = "limit" }
--! budget = 1
--! [columns]
--! queued = "int"
--! queued_since_run = "int"
--! queued_first_at = "timestamp?"
--! queued_last_at = "timestamp?"
--! run_before = "int"
--! run = "int"
--! run_last_at = "timestamp?"
--! trace_id = "text?"
-- The lookback tells whether runs are recorded here at all. Work is queued when its request has ended well; a run shows
-- that somebody works from its first sign, whatever became of it (its pending row has a final one or none: count both once).
WITH work AS (
  SELECT trace_id, span_id, min(started_at) AS started_at,
    min(CASE WHEN regexp_like(span_name, $run_span) THEN 1 ELSE 0 END) = 1 AS is_run
  FROM $spans AS s
  WHERE (kind <> 'log' AND regexp_like(span_name, $run_span))
    OR (kind = 'span' AND NOT failed AND coalesce(http_status, 200) < 400 AND regexp_like(span_name, $queued_span))
  GROUP BY trace_id, span_id
), last_run AS (
  SELECT max(started_at) AS at FROM work WHERE is_run
)
SELECT
  count(*) FILTER (WHERE NOT is_run AND started_at >= $from) AS queued,
  count(*) FILTER (WHERE NOT is_run AND started_at >= $from AND (at IS NULL OR started_at > at)) AS queued_since_run,
  min(CASE WHEN NOT is_run AND started_at >= $from AND (at IS NULL OR started_at > at) THEN started_at END) AS queued_first_at,
  max(CASE WHEN NOT is_run AND started_at >= $from THEN started_at END) AS queued_last_at,
  count(*) FILTER (WHERE is_run AND started_at < $from) AS run_before,
  count(*) FILTER (WHERE is_run AND started_at >= $from) AS run,
  max(at) AS run_last_at,
  min(CASE WHEN NOT is_run AND started_at >= $from AND (at IS NULL OR started_at > at) THEN trace_id END) AS trace_id
FROM work CROSS JOIN last_run
LIMIT $limit
