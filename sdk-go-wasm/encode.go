package tidegate

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// encode appends the JSON of a value. Package encoding/json would do more, and add 440 KB to every component.
func encode(to []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case nil:
		return append(to, "null"...), nil
	case bool:
		return strconv.AppendBool(to, value), nil
	case string:
		return quote(to, value), nil
	case int:
		return strconv.AppendInt(to, int64(value), 10), nil
	case int32:
		return strconv.AppendInt(to, int64(value), 10), nil
	case int64:
		return strconv.AppendInt(to, value, 10), nil
	case uint32:
		return strconv.AppendUint(to, uint64(value), 10), nil
	case uint64:
		return strconv.AppendUint(to, value, 10), nil
	case float32:
		return number(to, float64(value), 32)
	case float64:
		return number(to, value, 64)
	case interface{ MarshalJSON() ([]byte, error) }:
		json, err := value.MarshalJSON()
		return append(to, json...), err
	case []any:
		return array(to, value)
	case []string:
		return array(to, value)
	case map[string]any:
		return object(to, value)
	default:
		return to, failure("it is of a type that is encoded elsewhere; give json.RawMessage")
	}
}

func number(to []byte, value float64, bits int) ([]byte, error) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return to, failure("JSON has no such number")
	}
	return strconv.AppendFloat(to, value, 'g', -1, bits), nil
}

func array[T any](to []byte, values []T) ([]byte, error) {
	to = append(to, '[')
	for at, value := range values {
		if at > 0 {
			to = append(to, ',')
		}
		var err error
		if to, err = encode(to, value); err != nil {
			return to, err
		}
	}
	return append(to, ']'), nil
}

func object(to []byte, values map[string]any) ([]byte, error) {
	to = append(to, '{')
	for at, key := range slices.Sorted(maps.Keys(values)) {
		if at > 0 {
			to = append(to, ',')
		}
		to = append(quote(to, key), ':')
		var err error
		if to, err = encode(to, values[key]); err != nil {
			return to, err
		}
	}
	return append(to, '}'), nil
}

// quote appends a JSON string; what is no UTF-8 becomes U+FFFD.
func quote(to []byte, text string) []byte {
	const digits = "0123456789abcdef"
	to = append(to, '"')
	for _, letter := range text {
		switch {
		case letter == '"' || letter == '\\':
			to = append(to, '\\', byte(letter))
		case letter < ' ':
			to = append(to, '\\', 'u', '0', '0', digits[letter>>4], digits[letter&15])
		default:
			to = utf8.AppendRune(to, letter)
		}
	}
	return append(to, '"')
}
