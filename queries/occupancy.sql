--! purpose = "How many connections of each process's pool were held over time, and how many requests waited for one? An estimate"
--! params = { operations = "query", incident_from = "timestamp", incident_to = "timestamp", hang_after_s = "seconds", pool_message = "text", pool_timeout_s = "seconds", step_s = "seconds", limit = "limit" }
--! budget = 300
--! [columns]
--! instance = "text"
--! process = "text"
--! step = "int"
--! held_most = "int"
--! held_last = "int"
--! waiting_most = "int"
--! waiting_last = "int"
-- A checkout that succeeded holds its connection to the end of its request; one that hung or failed in another way than on
-- the empty pool had a slot of the pool for the connection that it tried to make. One that failed on the empty pool
-- waited; of one that has no end and is younger than the pool's timeout neither is known. What is older is
-- taken to last until its process is last seen. The incident is cut into steps
-- from 1 on; 0 is all before it. Steps without a change are left out.
WITH asked AS (
  SELECT *,
    max(CASE WHEN role = 'request' THEN ended_at END) OVER (PARTITION BY trace_id) AS request_ended_at,
    max(CASE WHEN role = 'request' AND unfinished THEN 1 ELSE 0 END) OVER (PARTITION BY trace_id) = 1 AS request_unfinished,
    max(ended_at) OVER (PARTITION BY instance, process) AS seen_at
  FROM $operations AS o
), stays AS (
  SELECT instance, process, coalesce(regexp_like(error_text, $pool_message), false) AS in_vain,
    CASE WHEN unfinished OR failed OR duration_s > $hang_after_s THEN started_at ELSE ended_at END AS from_at,
    CASE
      WHEN unfinished OR (request_unfinished AND NOT failed) THEN greatest(seen_at, started_at)
      WHEN failed THEN ended_at
      ELSE greatest(coalesce(request_ended_at, ended_at), ended_at) END AS to_at
  FROM asked
  WHERE role = 'connect' AND NOT (unfinished AND extract(epoch FROM (seen_at - started_at)) < $pool_timeout_s)
), ends AS (
  SELECT *, unnest(make_array(1, -1)) AS change FROM stays
), changes AS (
  SELECT instance, process, CASE WHEN change = 1 THEN from_at ELSE to_at END AS at,
    CASE WHEN in_vain THEN 0 ELSE change END AS held, CASE WHEN in_vain THEN change ELSE 0 END AS waiting
  FROM ends
), counted AS (
  SELECT instance, process, at,
    sum(held) OVER (PARTITION BY instance, process ORDER BY at, held DESC, waiting DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS held,
    sum(waiting) OVER (PARTITION BY instance, process ORDER BY at, held DESC, waiting DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS waiting,
    row_number() OVER (PARTITION BY instance, process ORDER BY at, held DESC, waiting DESC) AS place
  FROM changes
), stepped AS (
  SELECT *, CAST(CASE WHEN at < $incident_from THEN 0
    ELSE 1 + floor(extract(epoch FROM (at - $incident_from)) / $step_s) END AS BIGINT) AS step
  FROM counted WHERE at < $incident_to
), last_first AS (
  SELECT *, row_number() OVER (PARTITION BY instance, process, step ORDER BY place DESC) AS from_end FROM stepped
), told AS (
  SELECT instance, process, step,
    max(held) AS held_most, max(CASE WHEN from_end = 1 THEN held END) AS held_last,
    max(waiting) AS waiting_most, max(CASE WHEN from_end = 1 THEN waiting END) AS waiting_last,
    max(max(held + waiting)) OVER (PARTITION BY instance, process) AS busiest
  FROM last_first
  GROUP BY instance, process, step
), ranked AS (
  SELECT *, row_number() OVER (ORDER BY busiest DESC, instance, process, step DESC) AS place FROM told
)
SELECT instance, process, step, held_most, held_last, waiting_most, waiting_last
FROM ranked WHERE place <= 300 ORDER BY place LIMIT $limit
