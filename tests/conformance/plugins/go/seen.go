package main

import (
	"encoding/hex"
	"encoding/json"

	tidegate "tidegate.dev/plugin"
)

// What a call was given, as JSON, down to the last field.

func seenContext(ctx tidegate.Context) object {
	var principal any
	if known := ctx.Principal; known != nil {
		attributes := object{}
		for _, attribute := range known.Attributes {
			attributes[attribute.Name] = attribute.Value
		}
		principal = object{"id": known.ID, "tenant": known.Tenant, "attributes": attributes}
	}
	return object{
		"request_id": ctx.RequestID, "route": ctx.Route, "dialect": ctx.Dialect, "operation": ctx.Operation,
		"model": ctx.Model, "principal": principal, "streaming": ctx.Streaming, "attempt": ctx.Attempt,
		"in_time": ctx.DeadlineMs > 0,
	}
}

func seenHead(head tidegate.Head) object {
	client := object{
		"address":            head.Client.Address,
		"certificate_sha256": digest(head.Client.CertificateSHA256),
		"names":              head.Client.Names,
	}
	return object{
		"method": head.Method, "scheme": head.Scheme, "authority": head.Authority, "path": head.Path,
		"query": head.Query, "headers": seenHeaders(head.Headers), "client": client,
		"body_sha256": digest(head.BodySHA256),
	}
}

func digest(value []byte) any {
	if value == nil {
		return nil
	}
	return hex.EncodeToString(value)
}

func seenHeaders(headers tidegate.Headers) []any {
	seen := []any{}
	for _, field := range headers {
		seen = append(seen, []any{field.Name, show(field.Value)})
	}
	return seen
}

func seenUsage(usage tidegate.Usage) object {
	return object{
		"input": usage.Input, "output": usage.Output, "cached_input": usage.CachedInput,
		"cache_write": usage.CacheWrite, "reasoning": usage.Reasoning, "cost_micro_usd": usage.CostMicroUSD,
		"estimated": usage.Estimated,
	}
}

func seenBody(body tidegate.Body) any {
	if body.IsAbsent() {
		return "absent"
	}
	if mediaType := body.MediaType(); mediaType != "" {
		return object{"opaque": mediaType}
	}
	if whole := body.JSON(); whole != nil {
		return object{"whole": json.RawMessage(whole)}
	}
	there := object{}
	for pointer, value := range body.Places() {
		there[pointer] = json.RawMessage(value)
	}
	return object{"fields": there}
}

func seenTexts(texts []tidegate.Text) []any {
	seen := []any{}
	for _, text := range texts {
		seen = append(seen, object{
			"id": text.ID, "role": text.Role, "kind": text.Kind, "content": text.Content, "start": text.Start,
			"released": text.Released, "complete": text.Complete, "new_turn": text.NewTurn, "bytes": len(text.Content),
		})
	}
	return seen
}

func seenOutcome(outcome tidegate.Outcome) object {
	findings := []any{}
	for _, finding := range outcome.Findings {
		findings = append(findings, object{
			"category": finding.Category, "score": finding.Score, "text": finding.Text, "detail": finding.Detail,
		})
	}
	return object{
		"status": outcome.Status, "error": outcome.Error, "cluster": outcome.Cluster, "attempts": outcome.Attempts,
		"duration_ms": outcome.DurationMs, "first_token_ms": outcome.FirstTokenMs,
		"usage": seenUsage(outcome.Usage), "findings": findings, "cancelled": outcome.Cancelled,
	}
}
