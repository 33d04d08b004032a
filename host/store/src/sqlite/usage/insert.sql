INSERT INTO exchanges (
    time, request_id, principal, tenant, service, route, cluster, provider, original_model, model, operation,
    status, streaming, input, output, cached_input, cache_write, reasoning, estimated, cost_micro_usd,
    duration_ms, first_token_ms, attempts, moderation_input, moderation_output, error, cancelled, tags
) VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23,
    ?24, ?25, ?26, ?27, ?28
)
