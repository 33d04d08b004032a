package tidegatetest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"tidegate.dev/plugin/internal/bridge"
)

// A tree is JSON: nil, bool, string, json.Number, []any or *object.

// object is a JSON object that keeps the order of its keys: header fields have one.
type object struct {
	keys   []string
	values map[string]any
}

func newObject() *object { return &object{values: map[string]any{}} }

func (o *object) get(key string) (any, bool) {
	value, is := o.values[key]
	return value, is
}

func (o *object) set(key string, value any) {
	if _, is := o.values[key]; !is {
		o.keys = append(o.keys, key)
	}
	o.values[key] = value
}

func (o *object) remove(key string) {
	if _, is := o.values[key]; !is {
		return
	}
	delete(o.values, key)
	for at, other := range o.keys {
		if other == key {
			o.keys = append(o.keys[:at:at], o.keys[at+1:]...)
			return
		}
	}
}

// MarshalJSON keeps the order.
func (o *object) MarshalJSON() ([]byte, error) {
	text := []byte{'{'}
	for at, key := range o.keys {
		if at > 0 {
			text = append(text, ',')
		}
		text = append(append(append(text, written(key)...), ':'), written(o.values[key])...)
	}
	return append(text, '}'), nil
}

// written is the JSON text of a tree, without the escapes for HTML.
func written(tree any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(tree); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(text.String(), "\n")
}

func parse(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	tree, err := parseValue(decoder)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the value")
	}
	return tree, nil
}

func parseValue(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			value, err := parseValue(decoder)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = decoder.Token()
		return list, err
	case json.Delim('{'):
		made := newObject()
		for decoder.More() {
			key, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			value, err := parseValue(decoder)
			if err != nil {
				return nil, err
			}
			made.set(key.(string), value)
		}
		_, err = decoder.Token()
		return made, err
	default:
		return token, nil
	}
}

// show makes a tree of a shown verdict. JSON text of the plugin's that is none is an error.
func show(value any) (any, error) {
	switch value := value.(type) {
	case bridge.JSON:
		tree, err := parse(string(value))
		if err != nil {
			return nil, fmt.Errorf("%w: what is to be JSON is none: %s", errInvalid, value)
		}
		return tree, nil
	case []byte:
		return shownBytes(value), nil
	case []bridge.Field:
		return shownFields(value), nil
	case []any:
		list := make([]any, 0, len(value))
		for _, one := range value {
			shown, err := show(one)
			if err != nil {
				return nil, err
			}
			list = append(list, shown)
		}
		return list, nil
	case map[string]any:
		made := newObject()
		for key, inside := range value {
			shown, err := show(inside)
			if err != nil {
				return nil, err
			}
			made.set(key, shown)
		}
		return made, nil
	case nil, bool, string:
		return value, nil
	case float32:
		return json.Number(strconv.FormatFloat(float64(value), 'g', -1, 32)), nil
	default:
		return json.Number(fmt.Sprint(value)), nil
	}
}

// shownBytes are text where they are text, and {"hex": ...} where they are not.
func shownBytes(content []byte) any {
	if utf8.Valid(content) {
		return string(content)
	}
	made := newObject()
	made.set("hex", hex.EncodeToString(content))
	return made
}

func shownFields(fields []bridge.Field) *object {
	made := newObject()
	for _, field := range fields {
		value := shownBytes(field.Value)
		there, is := made.get(field.Name)
		if list, isList := there.([]any); isList {
			value = append(list, value)
		} else if is {
			value = []any{there, value}
		}
		made.set(field.Name, value)
	}
	return made
}

// content is the bytes of what data read.
func content(data any) []byte {
	if text, is := data.(string); is {
		return []byte(text)
	}
	of := data.(*object)
	if digits, is := of.get("hex"); is {
		made, _ := hex.DecodeString(digits.(string))
		return made
	}
	inside, _ := of.get("json")
	return []byte(written(inside))
}

// fieldsOf are header fields of a case, in their order.
func fieldsOf(fields *object) []bridge.Field {
	var made []bridge.Field
	for _, name := range fields.keys {
		values, is := fields.values[name].([]any)
		if !is {
			values = []any{fields.values[name]}
		}
		for _, value := range values {
			made = append(made, bridge.Field{Name: strings.ToLower(name), Value: content(value)})
		}
	}
	return made
}

func sameNumber(one, other json.Number) bool {
	if one == other {
		return true
	}
	a, isA := new(big.Rat).SetString(one.String())
	b, isB := new(big.Rat).SetString(other.String())
	return isA && isB && a.Cmp(b) == 0
}
