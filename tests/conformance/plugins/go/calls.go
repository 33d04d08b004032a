package main

import (
	"encoding/json"
	"errors"
	"time"

	tidegate "tidegate.dev/plugin"
	"tidegate.dev/plugin/http"
	"tidegate.dev/plugin/info"
	"tidegate.dev/plugin/kv"
	"tidegate.dev/plugin/log"
	"tidegate.dev/plugin/metrics"
	"tidegate.dev/plugin/models"
	"tidegate.dev/plugin/secrets"
	"tidegate.dev/plugin/state"
)

// callAll makes calls of the gateway's services in order, and tells what came of them.
func callAll(calls []any) ([]any, error) {
	results := []any{}
	for _, told := range calls {
		name, value := verdict(told)
		result, err := call(name, value)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	return results, nil
}

func call(name string, value any) (any, error) {
	told := fields(value)
	switch name {
	case "attribute":
		if attribute, is := info.Attribute(text(value)); is {
			return attribute, nil
		}
		return nil, nil
	case "note":
		if note := state.Get(text(value)); note != nil {
			return show(note), nil
		}
		return nil, nil
	case "set_note":
		note := list(value)
		if err := state.Set(text(note[0]), raws(note[1])); err != nil {
			return object{"error": "full"}, nil
		}
		return nil, nil
	case "secret":
		secret, err := secrets.Get(text(value))
		if err != nil {
			return object{"error": "denied"}, nil
		}
		return secret, nil
	case "model":
		return asked(list(value))
	case "get", "set", "delete", "increment":
		result, err := stored(name, value)
		if err != nil {
			return object{"error": word(err)}, nil
		}
		return result, nil
	case "http":
		return sent(list(value)), nil
	case "count":
		by := 1.0
		if told["by"] != nil {
			by = number(told["by"])
		}
		metrics.Count(text(told["name"]), by, pairs(told["labels"])...)
		return nil, nil
	case "observe":
		metrics.Observe(text(told["name"]), number(told["value"]), pairs(told["labels"])...)
		return nil, nil
	case "log":
		logged(told)
		return nil, nil
	default:
		return nil, errors.New("the conformance plugin has no call \"" + name + "\"")
	}
}

func asked(pair []any) (any, error) {
	body, err := json.Marshal(pair[1])
	if err != nil {
		return nil, err
	}
	answer, err := models.Ask(text(pair[0]), body)
	if err != nil {
		return object{"error": word(err)}, nil
	}
	return json.RawMessage(answer), nil
}

func logged(told object) {
	write := log.Info
	switch told["level"] {
	case "debug":
		write = log.Debug
	case "warn":
		write = log.Warn
	case "error":
		write = log.Error
	}
	write(text(told["message"]), pairs(told["fields"])...)
}

func stored(name string, value any) (any, error) {
	told := fields(value)
	key, is := value.(string)
	if !is {
		key = text(told["key"])
	}
	var how []kv.Option
	if told["ttl_ms"] != nil {
		how = append(how, kv.TTL(time.Duration(whole(told["ttl_ms"]))*time.Millisecond))
	}
	if told["if_version"] != nil {
		how = append(how, kv.IfVersion(uint64(whole(told["if_version"]))))
	}
	switch name {
	case "get":
		entry, err := kv.Get(key)
		if entry == nil {
			return nil, err
		}
		return object{"value": show(entry.Value), "version": entry.Version}, err
	case "set":
		version, err := kv.Set(key, raws(told["value"]), how...)
		if errors.Is(err, kv.ErrConflict) {
			return nil, nil
		}
		return version, err
	case "delete":
		return result(kv.Delete(key))
	default:
		by := int64(1)
		if told["by"] != nil {
			by = whole(told["by"])
		}
		return result(kv.Increment(key, by, how...))
	}
}

func result[T any](value T, err error) (any, error) { return value, err }

func word(err error) string {
	switch {
	case errors.Is(err, kv.ErrDenied), errors.Is(err, http.ErrDenied), errors.Is(err, models.ErrDenied):
		return "denied"
	case errors.Is(err, kv.ErrTooLarge), errors.Is(err, http.ErrTooLarge), errors.Is(err, models.ErrTooLarge):
		return "too_large"
	case errors.Is(err, http.ErrTimeout), errors.Is(err, models.ErrTimeout):
		return "timeout"
	default:
		return err.Error()
	}
}

func sent(told []any) []any {
	var requests []http.Request
	for _, one := range told {
		requests = append(requests, request(fields(one)))
	}
	answers := []any{}
	if len(requests) == 1 {
		reply, err := http.Send(requests[0])
		return append(answers, answer(reply, err))
	}
	for _, one := range http.SendAll(requests...) {
		answers = append(answers, answer(one.Reply, one.Err))
	}
	return answers
}

func request(told object) http.Request {
	sent := http.Request{URL: text(told["url"]), Headers: headers(told["headers"]), Body: raws(told["body"])}
	sent.Method = text(told["method"])
	if ms, is := told["timeout_ms"].(json.Number); is {
		sent.Timeout = time.Duration(whole(ms)) * time.Millisecond
	}
	return sent
}

func answer(reply http.Reply, err error) any {
	if err != nil {
		return object{"error": word(err)}
	}
	return object{"status": reply.Status, "headers": seenHeaders(tidegate.Headers(reply.Headers)), "body": show(reply.Body)}
}
