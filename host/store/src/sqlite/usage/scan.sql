SELECT
    time, principal, tenant, service, route, cluster, provider, model, operation, tags,
    status, input, output, cached_input, cache_write, reasoning, duration_ms, cost_micro_usd
FROM exchanges
WHERE time >= ?1 AND time < ?2
