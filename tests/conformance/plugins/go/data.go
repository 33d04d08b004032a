package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	tidegate "tidegate.dev/plugin"
)

type object = map[string]any

// parse reads JSON whose numbers stay as they are written.
func parse(text []byte) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

func fields(value any) object {
	is, _ := value.(object)
	return is
}

func list(value any) []any {
	is, _ := value.([]any)
	return is
}

func text(value any) string {
	is, _ := value.(string)
	return is
}

func number(value any) float64 {
	is, _ := value.(json.Number)
	number, _ := is.Float64()
	return number
}

func whole(value any) int64 {
	is, _ := value.(json.Number)
	number, _ := is.Int64()
	return number
}

func raw(value any) json.RawMessage {
	text, _ := json.Marshal(value)
	return text
}

// show is bytes as JSON: text where they are text, {"hex": ...} where they are not.
func show(value []byte) any {
	if utf8.Valid(value) {
		return string(value)
	}
	return object{"hex": hex.EncodeToString(value)}
}

// raws are the bytes of "text", {"hex": "00ff"} or {"repeat": "text", "times": 3}; nothing of anything else.
func raws(value any) []byte {
	if text, is := value.(string); is {
		return []byte(text)
	}
	told := fields(value)
	if part, is := told["repeat"].(string); is {
		return []byte(strings.Repeat(part, int(whole(told["times"]))))
	}
	decoded, _ := hex.DecodeString(text(told["hex"]))
	return decoded
}

// headers are the fields of {"name": value, "name": [value, value]}.
func headers(value any) tidegate.Headers {
	var headers tidegate.Headers
	told := fields(value)
	for _, name := range slices.Sorted(maps.Keys(told)) {
		values, is := told[name].([]any)
		if !is {
			values = []any{told[name]}
		}
		for _, value := range values {
			headers = append(headers, tidegate.Header{Name: name, Value: raws(value)})
		}
	}
	return headers
}

// pairs are the texts of an object, names and values in turn.
func pairs(value any) []string {
	var pairs []string
	told := fields(value)
	for _, name := range slices.Sorted(maps.Keys(told)) {
		pairs = append(pairs, name, text(told[name]))
	}
	return pairs
}

// verdict is "name" and {"name": value} as name and value.
func verdict(value any) (string, any) {
	for name, value := range fields(value) {
		return name, value
	}
	return text(value), nil
}
