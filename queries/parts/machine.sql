--! purpose = "The instance that a record comes from: the machine by its resource attributes, else the process"
--! part = true
--! params = { instance_key = "text" }
coalesce(otel_resource_attributes->>$instance_key, otel_resource_attributes->>'host.name', service_instance_id, service_name)
