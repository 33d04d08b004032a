package tidegatetest

import (
	"encoding/json"
	"net/netip"
)

// The keys of cases, as plugin-sdk/testkit/README.md names them.

var hookNames = []string{
	"authenticate", "admit", "settle", "transform_request", "transform_upstream", "transform_response", "transform_event",
	"moderate_input", "moderate_output", "completed",
}

func list() any { return []any{} }

func tree() any { return newObject() }

const zero = json.Number("0")

var (
	usage = shaped(
		optionally("input", u64, zero), optionally("output", u64, zero), optionally("cached_input", u64, zero),
		optionally("cache_write", u64, zero), optionally("reasoning", u64, zero),
		optionally("cost_micro_usd", optional(u64), nil), optionally("estimated", flag, false),
	)
	finding = shaped(
		required("category", text), optionally("score", optional(number), nil), optionally("text", optional(u32), nil),
		optionally("detail", data, ""),
	)
	principal = shaped(
		required("id", text), optionally("tenant", optional(text), nil), key{"attributes", mapped(data), tree},
	)
	refusal = shaped(
		required("status", u16), required("code", text), required("message", text), key{"headers", fields, tree},
	)
	reply = shaped(
		optionally("status", u16, json.Number("200")), key{"headers", fields, tree}, optionally("body", data, ""),
	)
	event      = shaped(optionally("name", optional(text), nil), required("data", anything))
	textEdit   = shaped(optionally("id", u32, zero), required("start", u32), required("end", u32), required("replacement", text))
	field      = shaped(required("name", text), required("value", data))
	headerEdit = either(required("set", field), required("add", field), required("remove", text))
	at         = shaped(required("pointer", text), required("value", anything))
	jsonEdit   = either(required("set", at), required("insert", at), required("remove", text))
)

var (
	exchange = shaped(
		required("request", shaped(
			optionally("method", text, "GET"), required("url", text), optionally("headers", optional(fields), nil),
			optionally("body", optional(data), nil), optionally("timeout_ms", optional(u64), nil),
		)),
		optionally("reply", optional(reply), nil), optionally("error", optional(httpError), nil),
	)
	question = shaped(
		required("route", text), optionally("body", anything, nil), optionally("reply", anything, nil),
		optionally("error", optional(httpError), nil),
	)
	metric = either(
		required("count", shaped(required("name", text), optionally("by", number, json.Number("1")), key{"labels", mapped(text), tree})),
		required("observe", shaped(required("name", text), required("value", number), key{"labels", mapped(text), tree})),
	)
	services = shaped(
		key{"kv", mapped(data), tree}, optionally("kv_error", optional(text), nil),
		optionally("kv_after", optional(mapped(stored)), nil), key{"http", listed(exchange), list},
		key{"models", listed(question), list}, key{"secrets", mapped(text), tree},
		optionally("metrics_after", optional(listed(metric)), nil),
	)
	attributes = shaped(
		optionally("service", text, ""), optionally("listener", text, ""), optionally("method", text, "GET"),
		optionally("path", text, ""), optionally("client.address", optional(address), nil),
	)
	grants = shaped(
		key{"http", listed(text), list}, optionally("kv", flag, false), key{"secrets", listed(text), list},
		optionally("metrics", flag, false), key{"models", listed(text), list},
	)
	configured = named(
		optionally("error", text, nil), optionally("hooks", listed(text), nil), optionally("headers", anything, nil),
		optionally("request_body", anything, nil),
		optionally("response_body", anything, nil), optionally("body_digest", flag, nil),
		optionally("windows", optional(aTree), nil), optionally("dialects", listed(text), nil),
	)
	caseKeys = shaped(
		required("name", text), key{"config", anything, tree}, optionally("grants", optional(grants), nil),
		empty("attributes", attributes), empty("services", services), optionally("configure", optional(configured), nil),
		key{"steps", aList, list},
	)
	ctxKeys = shaped(
		optionally("request_id", optional(text), nil), optionally("route", text, ""), optionally("dialect", text, "openai"),
		optionally("operation", text, "chat"), optionally("model", optional(text), nil),
		optionally("principal", optional(principal), nil), optionally("streaming", flag, false),
		optionally("attempt", u32, zero), optionally("deadline_ms", u32, json.Number("10000")),
	)
	after    = named(optionally("headers", fields, nil), optionally("body", anything, nil), optionally("texts", listed(data), nil))
	stepKeys = shaped(
		required("hook", oneOf("hook", hookNames...)), empty("ctx", ctxKeys), key{"in", anything, tree},
		optionally("out", anything, nil), empty("after", after), optionally("split", optional(text), nil),
	)
)

var (
	client = shaped(
		optionally("address", address, "127.0.0.1"), optionally("certificate_sha256", optional(digest), nil),
		key{"names", listed(text), list},
	)
	head = shaped(
		optionally("method", text, "POST"), optionally("scheme", text, "http"), optionally("authority", text, "gateway.test"),
		optionally("path", text, "/v1/chat/completions"), optionally("query", text, ""), key{"headers", fields, tree},
		empty("client", client), optionally("body_sha256", optional(digest), nil),
	)
	textKeys = shaped(
		optionally("id", optional(u32), nil), optionally("role", oneOf("role", "system", "user", "assistant", "tool"), "user"),
		optionally("kind", oneOf("kind", "text", "reasoning", "refusal", "tool-arguments", "tool-result", "transcript", "media"), "text"),
		optionally("content", data, ""), optionally("start", u64, zero), optionally("released", u32, zero),
		optionally("complete", flag, true), optionally("new_turn", flag, true),
	)
	outcome = shaped(
		optionally("status", u16, json.Number("200")), optionally("error", optional(text), nil),
		optionally("cluster", optional(text), nil), optionally("attempts", u32, json.Number("1")),
		optionally("duration_ms", u32, zero), optionally("first_token_ms", optional(u32), nil), empty("usage", usage),
		key{"findings", listed(finding), list}, optionally("cancelled", flag, false),
	)
	message  = shaped(key{"headers", fields, tree}, optionally("body", anything, nil))
	toldKeys = map[string]reader{
		"authenticate":       shaped(empty("head", head)),
		"admit":              shaped(empty("estimate", usage)),
		"settle":             shaped(required("ticket", text), empty("actual", usage)),
		"transform_request":  message,
		"transform_upstream": message,
		"transform_response": shaped(optionally("status", u16, json.Number("200")), key{"headers", fields, tree}, optionally("body", anything, nil)),
		"transform_event":    shaped(required("events", listed(event))),
		"moderate_input":     shaped(required("texts", listed(textKeys))),
		"moderate_output":    shaped(required("texts", listed(textKeys)), optionally("last", flag, true)),
		"completed":          shaped(empty("outcome", outcome)),
	}
)

func address(place string, value any) any {
	if _, err := netip.ParseAddr(text(place, value).(string)); err != nil {
		panic(wrong{place, "\"" + value.(string) + "\" is no IP address"})
	}
	return value
}

func httpError(place string, value any) any {
	if value == "timeout" || value == "too_large" {
		made := newObject()
		made.set(value.(string), "")
		return made
	}
	return either(required("denied", text), required("failed", text))(place, value)
}

// stored is a value of the store; its time to live is compared only where it is written.
func stored(place string, value any) any {
	if of, is := value.(*object); is {
		if _, is := of.get("value"); is {
			return named(required("value", data), optionally("ttl_ms", optional(u64), nil))(place, value)
		}
	}
	made := newObject()
	made.set("value", data(place, value))
	return made
}
