--! purpose = "The instance that a record comes from: the machine by its resource attributes, else the process"
--! part = true
--! params = { instance_keys = "attributes" }
coalesce($instance_keys, service_instance_id, service_name)
