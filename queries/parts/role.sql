--! purpose = "What a record stands for: a request, a health check, a checkout from the pool, a statement, an outgoing call, a log, or else"
--! part = true
--! params = { request_scopes = "texts", database_scopes = "texts", driver_scopes = "texts", external_scopes = "texts", connect_span = "text", health_spans = "texts" }
-- ASGI's "http send" and "websocket receive" are parts of a request, not requests. `driver` is a statement as its driver
-- records it: the same one again where a pool or an ORM records it too. Pings and transactions' verbs are no statements.
CASE
  WHEN kind = 'log' THEN 'log'
  WHEN otel_scope_name IN $request_scopes THEN CASE
    WHEN span_name LIKE '% http %' OR span_name LIKE '% websocket %' THEN 'other'
    WHEN span_name IN $health_spans THEN 'health'
    ELSE 'request' END
  WHEN otel_scope_name IN $database_scopes THEN CASE WHEN span_name = $connect_span THEN 'connect' ELSE 'statement' END
  WHEN otel_scope_name IN $driver_scopes THEN CASE
    WHEN rtrim(span_name, ';') IN ('BEGIN', 'COMMIT', 'ROLLBACK', '') OR message IN ('SELECT 1', 'SELECT 1;') THEN 'ping'
    ELSE 'driver' END
  WHEN otel_scope_name IN $external_scopes THEN 'external'
  ELSE 'other' END
