package tidegatetest

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"

	tidegate "tidegate.dev/plugin"
	"tidegate.dev/plugin/internal/bridge"
)

// What a step tells, as the values that a hook is given.

// numbered gives texts the number of their place, where they have none of their own.
func numbered(texts []any) {
	for at, one := range texts {
		if one := one.(*object); one.values["id"] == nil {
			one.set("id", json.Number(strconv.Itoa(at)))
		}
	}
}

// arguments are those of the contract, with what the subscription asks for and no more.
func (s step) arguments(ready *object) []any {
	told := s.told.values
	switch s.hook {
	case "authenticate":
		return []any{headOf(told["head"].(*object), ready)}
	case "admit":
		return []any{usageOf(told["estimate"])}
	case "settle":
		return []any{told["ticket"].(string), usageOf(told["actual"])}
	case "transform_request", "transform_upstream":
		return []any{headersOf(told["headers"], ready), bodyOf(told["body"], ready.values["request_body"])}
	case "transform_response":
		body := bodyOf(told["body"], ready.values["response_body"])
		return []any{uint16(integer(told["status"])), headersOf(told["headers"], ready), body}
	case "transform_event":
		return []any{listOf(told["events"], eventOf)}
	case "moderate_input":
		return []any{listOf(told["texts"], textOf)}
	case "moderate_output":
		return []any{listOf(told["texts"], textOf), told["last"].(bool)}
	default:
		return []any{outcomeOf(told["outcome"].(*object))}
	}
}

func contextOf(ctx *object) tidegate.Context {
	of := ctx.values
	made := tidegate.Context{
		RequestID: of["request_id"].(string), Route: of["route"].(string), Dialect: of["dialect"].(string),
		Operation: of["operation"].(string), Model: orNil[string](of["model"]), Streaming: of["streaming"].(bool),
		Attempt: uint32(integer(of["attempt"])), DeadlineMs: uint32(integer(of["deadline_ms"])),
	}
	if known, is := of["principal"].(*object); is {
		made.Principal = &tidegate.Principal{ID: known.values["id"].(string), Tenant: orNil[string](known.values["tenant"])}
		attributes := known.values["attributes"].(*object)
		for _, name := range attributes.keys {
			pair := tidegate.Pair{Name: name, Value: string(content(attributes.values[name]))}
			made.Principal.Attributes = append(made.Principal.Attributes, pair)
		}
	}
	return made
}

func headOf(head, ready *object) tidegate.Head {
	of, client := head.values, head.values["client"].(*object).values
	made := tidegate.Head{
		Method: of["method"].(string), Scheme: of["scheme"].(string), Authority: of["authority"].(string),
		Path: of["path"].(string), Query: of["query"].(string), Headers: headersOf(of["headers"], ready),
		Client: tidegate.Peer{
			Address: client["address"].(string), CertificateSHA256: digestOf(client["certificate_sha256"]),
			Names: listOf(client["names"], func(name any) string { return name.(string) }),
		},
	}
	if ready.values["body_digest"] == true {
		made.BodySHA256 = digestOf(of["body_sha256"])
	}
	return made
}

func digestOf(value any) []byte {
	digits, is := value.(string)
	if !is {
		return nil
	}
	made, _ := hex.DecodeString(digits)
	return made
}

func headersOf(value any, ready *object) tidegate.Headers {
	all := tidegate.Headers{}
	for _, field := range fieldsOf(value.(*object)) {
		all = append(all, tidegate.Header(field))
	}
	switch need := ready.values["headers"].(type) {
	case *object:
		return ofNames(all, need.values["fields"].([]any))
	case string:
		if need == "whole" {
			return all
		}
	}
	return tidegate.Headers{}
}

func ofNames(all tidegate.Headers, names []any) tidegate.Headers {
	made := tidegate.Headers{}
	for at, name := range names {
		if slices.Contains(names[:at], name) {
			continue
		}
		for _, field := range all {
			if field.Name == name {
				made = append(made, field)
			}
		}
	}
	return made
}

func bodyOf(body, need any) tidegate.Body {
	if need == "nothing" || body == nil {
		return tidegate.Body{}
	}
	if isOpaque(body) {
		return tidegate.OpaqueBody(body.(*object).values["opaque"].(string))
	}
	if need == "whole" {
		return tidegate.WholeBody(written(body))
	}
	var places []tidegate.Pair
	for _, pointer := range need.(*object).values["fields"].([]any) {
		if value := found(body, tokens(pointer.(string))); value != (nothing{}) {
			places = append(places, tidegate.Pair{Name: pointer.(string), Value: written(value)})
		}
	}
	return tidegate.FieldsBody(places...)
}

func eventOf(value any) tidegate.Event {
	of := value.(*object).values
	return tidegate.Event{Name: orNil[string](of["name"]), Data: written(of["data"])}
}

func textOf(value any) tidegate.Text {
	of := value.(*object).values
	return tidegate.Text{
		ID: uint32(integer(of["id"])), Role: of["role"].(string), Kind: of["kind"].(string),
		Content: string(content(of["content"])), Start: integer(of["start"]), Released: uint32(integer(of["released"])),
		Complete: of["complete"].(bool), NewTurn: of["new_turn"].(bool),
	}
}

func usageOf(value any) tidegate.Usage {
	of := value.(*object).values
	made := tidegate.Usage{
		Input: integer(of["input"]), Output: integer(of["output"]), CachedInput: integer(of["cached_input"]),
		CacheWrite: integer(of["cache_write"]), Reasoning: integer(of["reasoning"]), Estimated: of["estimated"].(bool),
	}
	if cost := of["cost_micro_usd"]; cost != nil {
		made.CostMicroUSD = new(integer(cost))
	}
	return made
}

func outcomeOf(outcome *object) tidegate.Outcome {
	of := outcome.values
	return tidegate.Outcome{
		Status: uint16(integer(of["status"])), Error: orNil[string](of["error"]), Cluster: orNil[string](of["cluster"]),
		Attempts: uint32(integer(of["attempts"])), DurationMs: uint32(integer(of["duration_ms"])),
		FirstTokenMs: small(of["first_token_ms"]), Usage: usageOf(of["usage"]),
		Findings: listOf(of["findings"], findingOf), Cancelled: of["cancelled"].(bool),
	}
}

func findingOf(value any) tidegate.Finding {
	of := value.(*object).values
	made := tidegate.Finding{
		Category: of["category"].(string), Text: small(of["text"]), Detail: string(content(of["detail"])),
	}
	if score, is := of["score"].(json.Number); is {
		number, _ := score.Float64()
		made.Score = new(float32(number))
	}
	return made
}

func listOf[T any](value any, make func(any) T) []T {
	made := []T{}
	for _, one := range value.([]any) {
		made = append(made, make(one))
	}
	return made
}

func orNil[T any](value any) *T {
	of, is := value.(T)
	if !is {
		return nil
	}
	return &of
}

func small(value any) *uint32 {
	if value == nil {
		return nil
	}
	return new(uint32(integer(value)))
}

// call calls the hook of a step and is its answer as a tree.
func (s step) call(ready *object) (any, error) {
	verdict, err := bridge.Call(s.hook, contextOf(s.ctx), s.arguments(ready)...)
	if err != nil {
		return nil, err
	}
	return show(verdict)
}
