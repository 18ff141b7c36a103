--! purpose = "Whether a record tells of a failure"
--! part = true
-- A failed connect has level 5 and a failed statement has no exception: only otel_status_code tells. Who is answered with
-- 404 or 422 has an answer, a caller as well as a server, however the instrumentation marks it.
(NOT coalesce(http_response_status_code BETWEEN 400 AND 499, false)
  AND (coalesce(otel_status_code = 'ERROR', false) OR coalesce(http_response_status_code, 0) >= 500 OR (kind = 'log' AND level >= 17)))
