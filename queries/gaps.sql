--! purpose = "When did nothing start for a minute and ten times as long as usual?"
--! budget = 60
--! [params]
--! spans = "query"
--! from = "timestamp"
--! to = "timestamp"
--! listener_message = "text"
--! gap_s = "seconds"
--! limit = "limit"
--! [columns]
--! before_at = "timestamp"
--! after_at = "timestamp"
--! usual_s = "float"
-- The listener's own trouble lines are no activity. What is usual is the median distance of active seconds.
WITH starts AS (
  SELECT DISTINCT started_at FROM $spans AS s
  WHERE started_at >= $from AND NOT (kind = 'log' AND regexp_like(message, $listener_message))
), spaced AS (
  -- The end of the window stands for the next start: a gap may still be open.
  SELECT lag(started_at) OVER (ORDER BY started_at) AS before_at, started_at AS after_at
  FROM (SELECT started_at FROM starts UNION ALL SELECT $to) AS starts_and_end
), seconds AS (
  SELECT DISTINCT date_trunc('second', started_at) AS second_at FROM starts
), distances AS (
  SELECT extract(epoch FROM (second_at - lag(second_at) OVER (ORDER BY second_at))) AS distance_s FROM seconds
), usual AS (
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY distance_s) AS usual_s FROM distances
)
SELECT before_at, after_at, usual_s
FROM spaced CROSS JOIN usual
WHERE extract(epoch FROM (after_at - before_at)) >= $gap_s
  AND extract(epoch FROM (after_at - before_at)) >= 10 * usual_s
ORDER BY after_at
LIMIT $limit
