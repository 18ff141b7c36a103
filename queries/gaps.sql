--! purpose = "When did nothing start, of all, of a service or of an instance, for a minute and ten times as long as usual?"
--! budget = 150
--! [params]
--! spans = "query"
--! from = "timestamp"
--! to = "timestamp"
--! listener_message = "text"
--! gap_s = "seconds"
--! limit = "limit"
--! [columns]
--! gap_of = "text"
--! who = "text"
--! before_at = "timestamp"
--! after_at = "timestamp"
--! usual_s = "float"
-- `all`: the listener's own trouble lines are no activity. `service`: nothing was asked of its database, whatever else it
-- did (health checks ask nothing). `instance`: no sign of life at all, so starts and ends of anything count.
-- What is usual is the median distance of active seconds.
WITH seconds AS (
  SELECT DISTINCT
    CASE what WHEN 'end' THEN 'instance' WHEN 'start' THEN 'instance' ELSE what END AS gap_of,
    CASE what WHEN 'all' THEN '' WHEN 'service' THEN service ELSE instance END AS who,
    CASE what WHEN 'end' THEN ended_at ELSE started_at END AS active_at
  FROM $spans AS s CROSS JOIN (VALUES ('all'), ('service'), ('start'), ('end')) AS whats (what)
  WHERE started_at >= $from AND CASE what
    WHEN 'all' THEN NOT (kind = 'log' AND regexp_like(message, $listener_message))
    WHEN 'service' THEN role IN ('request', 'connect', 'statement')
    WHEN 'end' THEN ended_at < $to
    ELSE true END
), spaced AS (
  -- The end of the window stands for the next start: a gap may still be open.
  SELECT gap_of, who, lag(active_at) OVER (PARTITION BY gap_of, who ORDER BY active_at) AS before_at, active_at AS after_at
  FROM (SELECT gap_of, who, active_at FROM seconds UNION ALL SELECT DISTINCT gap_of, who, $to FROM seconds) AS seconds_and_end
), distances AS (
  SELECT gap_of, who, extract(epoch FROM (second_at - lag(second_at) OVER (
    PARTITION BY gap_of, who ORDER BY second_at))) AS distance_s
  FROM (SELECT DISTINCT gap_of, who, date_trunc('second', active_at) AS second_at FROM seconds) AS active
), usual AS (
  SELECT gap_of, who, percentile_cont(0.5) WITHIN GROUP (ORDER BY distance_s) AS usual_s
  FROM distances GROUP BY gap_of, who
), long AS (
  SELECT s.gap_of, s.who, before_at, after_at, usual_s,
    row_number() OVER (PARTITION BY s.gap_of ORDER BY extract(epoch FROM (after_at - before_at)) DESC, before_at, s.who) AS place
  FROM spaced AS s JOIN usual AS u ON u.gap_of = s.gap_of AND u.who = s.who
  WHERE extract(epoch FROM (after_at - before_at)) >= $gap_s
    AND extract(epoch FROM (after_at - before_at)) >= 10 * usual_s
)
-- The longest speak, if there are many.
SELECT gap_of, who, before_at, after_at, usual_s
FROM long WHERE place <= 50
ORDER BY after_at, gap_of, who
LIMIT $limit
