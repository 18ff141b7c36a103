--! purpose = "What is there, whatever the filters?"
--! budget = 1
--! params = { to = "timestamp", from = "timestamp", limit = "limit" }
--! [columns]
--! records_unfiltered = "int"
--! environments = "text?"
--! services = "text?"
SELECT count(*) AS records_unfiltered,
  string_agg(DISTINCT coalesce(deployment_environment, ''), ', ') AS environments,
  string_agg(DISTINCT service_name, ', ') AS services
FROM records_all
WHERE start_timestamp >= $from AND start_timestamp < $to
LIMIT $limit
