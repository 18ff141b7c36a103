--! purpose = "One life of an instance: the SDK makes a service_instance_id for every process, some platforms one for every machine"
--! part = true
concat(coalesce(service_instance_id, ''), '/', coalesce(CAST(process_pid AS VARCHAR), ''))
