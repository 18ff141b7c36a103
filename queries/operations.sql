--! purpose = "Requests, checkouts and statements, each once: finished ones, and those of which only the start is known"
--! params = { spans = "query" }
--! [columns]
--! trace_id = "text"
--! span_id = "text"
--! parent_span_id = "text?"
--! span_name = "text"
--! started_at = "timestamp"
--! ended_at = "timestamp"
--! duration_s = "float?"
--! failed = "bool"
--! http_status = "int?"
--! service = "text"
--! instance = "text"
--! process = "text"
--! role = "text"
--! error_text = "text?"
--! unfinished = "bool"
-- A pending row stays for ever beside the final one, so what is unfinished has no final row of the same ids.
SELECT trace_id, span_id, parent_span_id, span_name, started_at, ended_at, duration_s, failed, http_status,
       service, instance, process, role, error_text, false AS unfinished
FROM $spans AS finished
WHERE kind = 'span' AND role IN ('request', 'health', 'connect', 'statement')
UNION ALL
SELECT p.trace_id, p.span_id, p.parent_span_id, p.span_name, p.started_at, p.ended_at, NULL, false, p.http_status,
       p.service, p.instance, p.process, p.role, NULL, true
FROM $spans AS p
LEFT JOIN (SELECT trace_id, span_id FROM records_all WHERE kind = 'span') AS f
  ON f.trace_id = p.trace_id AND f.span_id = p.span_id
WHERE p.kind = 'pending_span' AND p.role IN ('request', 'health', 'connect', 'statement') AND f.span_id IS NULL
