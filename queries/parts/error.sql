--! purpose = "What a record says of its error; some exceptions have a name and no text"
--! part = true
coalesce(nullif(exception_message, ''), exception_type, otel_status_message)
