--! purpose = "Whether a record tells of a failure"
--! part = true
-- A failed connect has level 5 and a failed statement has no exception: only otel_status_code tells.
(coalesce(otel_status_code = 'ERROR', false) OR coalesce(http_response_status_code, 0) >= 500 OR (kind = 'log' AND level >= 17))
