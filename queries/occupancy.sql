--! purpose = "Who held a connection of the pool, or waited for one, and how long? Of the processes in trouble"
--! params = { seen = "query", role = "query", failed = "query", error = "query", process = "query", hold_s = "seconds", incident_from = "timestamp", incident_to = "timestamp", hang_after_s = "seconds", pool_message = "text", processes = "texts", limit = "limit" }
--! budget = 40
--! [columns]
--! process = "text"
--! stays = "int"
--! stays_list = "text?"
-- A checkout that succeeded holds its connection to the end of its request; one that hung or failed in another way than on
-- the empty pool had a slot of the pool for the connection that it tried to make. One that failed on the empty pool
-- waited. Stays too short to be seen beside others are left out. One a line: h or w, from, to (microseconds since 1970).
SELECT process, count(*) AS stays, string_agg(concat_ws(' ', what, from_us, to_us), ';') AS stays_list
FROM (
  SELECT trace_id, process,
    CASE WHEN max(in_vain) = 1 THEN 'w' ELSE 'h' END AS what,
    min(CASE WHEN role = 'connect' THEN from_us END) AS from_us,
    max(CASE WHEN role = 'connect' OR lost = 0 THEN end_us END) AS to_us
  FROM (
    SELECT trace_id, process, role, end_us,
      CASE WHEN role = 'connect' AND failed THEN 1 ELSE 0 END AS lost,
      CASE WHEN role = 'connect' AND coalesce(regexp_like(error, $pool_message), false) THEN 1 ELSE 0 END AS in_vain,
      CASE WHEN failed OR duration > $hang_after_s THEN us ELSE end_us END AS from_us
    FROM (
      SELECT *, $role AS role, $failed AS failed, $process AS process, $error AS error,
        CAST(round(extract(epoch FROM start_timestamp) * 1000000) AS BIGINT) AS us,
        CAST(round(extract(epoch FROM end_timestamp) * 1000000) AS BIGINT) AS end_us
      FROM records_all WHERE $seen AND kind = 'span' AND start_timestamp < $incident_to AND end_timestamp >= $incident_from
    ) AS known
    WHERE role IN ('request', 'connect') AND process IN $processes
  ) AS named
  GROUP BY trace_id, process
) AS held
WHERE from_us IS NOT NULL AND to_us - from_us >= $hold_s * 1000000
GROUP BY process
ORDER BY process
LIMIT $limit
