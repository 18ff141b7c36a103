--! purpose = "What processes and the queue listener said of themselves, by episode: each kind of line once, with its count"
--! budget = 400
--! [params]
--! spans = "query"
--! starting_message = "text"
--! stopping_message = "text"
--! connected_message = "text"
--! heartbeat_timeout_message = "text"
--! heartbeat_failed_message = "text"
--! lost_message = "text"
--! reconnect_failed_message = "text"
--! notify_failed_message = "text"
--! limit = "limit"
--! [columns]
--! instance = "text"
--! process = "text"
--! line = "text"
--! episode = "int"
--! lines = "int"
--! first_at = "timestamp"
--! last_at = "timestamp"
--! trace_id = "text?"
-- An episode begins with each start and each connect of the listener.
WITH named AS (
  SELECT instance, process, started_at, trace_id, span_id,
    CASE
      WHEN regexp_like(message, $connected_message) THEN 'connected'
      WHEN regexp_like(message, $starting_message) THEN 'starting'
      WHEN regexp_like(message, $stopping_message) THEN 'stopping'
      WHEN regexp_like(message, $heartbeat_timeout_message) THEN 'heartbeat_timeout'
      WHEN regexp_like(message, $heartbeat_failed_message) THEN 'heartbeat_failed'
      WHEN regexp_like(message, $lost_message) THEN 'lost'
      WHEN regexp_like(message, $reconnect_failed_message) THEN 'reconnect_failed'
      WHEN regexp_like(message, $notify_failed_message) THEN 'notify_failed'
    END AS line
  FROM $spans AS s
  WHERE kind = 'log'
), numbered AS (
  SELECT *,
    sum(CASE WHEN line IN ('starting', 'connected') THEN 1 ELSE 0 END) OVER (
      PARTITION BY instance ORDER BY started_at, trace_id, span_id ROWS UNBOUNDED PRECEDING) AS episode
  FROM named WHERE line IS NOT NULL
)
SELECT instance, process, line, episode, count(*) AS lines,
  min(started_at) AS first_at, max(started_at) AS last_at, min(trace_id) AS trace_id
FROM numbered
GROUP BY instance, process, line, episode
ORDER BY first_at, line
LIMIT $limit
