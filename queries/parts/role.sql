--! purpose = "What a record stands for: a request, a health check, a checkout from the pool, a statement, an outgoing call, a log, or else"
--! part = true
--! params = { request_scopes = "texts", database_scopes = "texts", external_scopes = "texts", connect_span = "text", health_spans = "texts" }
-- ASGI's "http send" and "http receive" are parts of a request, not requests.
CASE
  WHEN kind = 'log' THEN 'log'
  WHEN otel_scope_name IN $request_scopes THEN CASE
    WHEN span_name LIKE '% http send%' OR span_name LIKE '% http receive%' THEN 'other'
    WHEN span_name IN $health_spans THEN 'health'
    ELSE 'request' END
  WHEN otel_scope_name IN $database_scopes THEN CASE WHEN span_name = $connect_span THEN 'connect' ELSE 'statement' END
  WHEN otel_scope_name IN $external_scopes THEN 'external'
  ELSE 'other' END
