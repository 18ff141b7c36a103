--! purpose = "The records that are asked for: from the lookback to the end of the window, of one environment, service and instance"
--! part = true
--! params = { lookback_from = "timestamp", to = "timestamp", env = "text?", service = "text?", instance = "text?", machine = "query" }
start_timestamp >= $lookback_from AND start_timestamp < $to
  AND ($env IS NULL OR coalesce(deployment_environment, '') = $env)
  AND ($service IS NULL OR service_name = $service)
  AND ($instance IS NULL OR $machine = $instance)
