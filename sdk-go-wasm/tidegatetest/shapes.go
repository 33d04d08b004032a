package tidegatetest

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// wrong is a value that a case cannot have at its place. Readers panic with it, and reading a case recovers.
type wrong struct{ place, problem string }

func (w wrong) Error() string {
	if w.place == "" {
		return w.problem
	}
	return w.place + ": " + w.problem
}

// reader makes sure of a value at a place of a case.
type reader func(place string, value any) any

// key is a key of an object: how its value is read, and what it is where it is left out.
type key struct {
	name string
	read reader
	// otherwise makes the default; nil where the key is required.
	otherwise func() any
}

func required(name string, read reader) key { return key{name, read, nil} }

func optionally(name string, read reader, value any) key {
	return key{name, read, func() any { return value }}
}

// empty is a key whose default is what its reader makes of an empty object.
func empty(name string, read reader) key {
	return key{name, read, func() any { return read(name, newObject()) }}
}

// shaped is an object with these keys and no others.
func shaped(keys ...key) reader {
	return func(place string, value any) any {
		of, is := value.(*object)
		if !is {
			panic(wrong{place, "is " + kind(value) + ", and must be an object"})
		}
		var names []string
		for _, key := range keys {
			names = append(names, key.name)
		}
		for _, name := range of.keys {
			if !slices.Contains(names, name) {
				problem := fmt.Sprintf("unknown field %q, expected one of %s", name, strings.Join(names, ", "))
				panic(wrong{inside(place, name), problem})
			}
		}
		made := newObject()
		for _, key := range keys {
			if value, is := of.get(key.name); is {
				made.set(key.name, key.read(inside(place, key.name), value))
			} else if key.otherwise == nil {
				panic(wrong{place, fmt.Sprintf("missing field %q", key.name)})
			} else {
				made.set(key.name, key.otherwise())
			}
		}
		return made
	}
}

// named is shaped, without what is left out.
func named(keys ...key) reader {
	read := shaped(keys...)
	return func(place string, value any) any {
		made := read(place, value).(*object)
		for _, key := range keys {
			if _, is := value.(*object).get(key.name); !is {
				made.remove(key.name)
			}
		}
		return made
	}
}

// either is an object with one key, which is one of these.
func either(cases ...key) reader {
	var names []string
	for _, one := range cases {
		names = append(names, one.name)
	}
	return func(place string, value any) any {
		of, is := value.(*object)
		if !is || len(of.keys) != 1 {
			panic(wrong{place, "must be an object with one key out of " + strings.Join(names, ", ")})
		}
		name := of.keys[0]
		at := slices.Index(names, name)
		if at < 0 {
			problem := fmt.Sprintf("unknown variant %q, expected one of %s", name, strings.Join(names, ", "))
			panic(wrong{place, problem})
		}
		made := newObject()
		made.set(name, cases[at].read(inside(place, name), of.values[name]))
		return made
	}
}

func inside(place, key string) string {
	if place == "" {
		return key
	}
	return place + "." + key
}

func kind(value any) string {
	switch value.(type) {
	case bool:
		return "true or false"
	case json.Number:
		return "a number"
	case string:
		return "a text"
	case []any:
		return "a list"
	case *object:
		return "an object"
	default:
		return "null"
	}
}

func anything(_ string, value any) any { return value }

func of[T any](wanted string) reader {
	return func(place string, value any) any {
		if _, is := value.(T); !is {
			panic(wrong{place, "is " + kind(value) + ", and must be " + wanted})
		}
		return value
	}
}

var (
	text   = of[string]("a text")
	flag   = of[bool]("true or false")
	number = of[json.Number]("a number")
	aList  = of[[]any]("a list")
	aTree  = of[*object]("an object")
	u16    = whole(16)
	u32    = whole(32)
	u64    = whole(64)
)

// whole is a number from 0 of so many bits.
func whole(bits int) reader {
	return func(place string, value any) any {
		of, is := value.(json.Number)
		if !is {
			panic(wrong{place, "is " + kind(value) + ", and must be a whole number"})
		}
		if _, err := strconv.ParseUint(of.String(), 10, bits); err != nil {
			panic(wrong{place, fmt.Sprintf("is %s, and must be a whole number from 0 of %d bits", of, bits)})
		}
		return value
	}
}

func optional(read reader) reader {
	return func(place string, value any) any {
		if value == nil {
			return nil
		}
		return read(place, value)
	}
}

func listed(read reader) reader {
	return func(place string, value any) any {
		made := []any{}
		for at, one := range aList(place, value).([]any) {
			made = append(made, read(fmt.Sprintf("%s[%d]", place, at), one))
		}
		return made
	}
}

func mapped(read reader) reader {
	return func(place string, value any) any {
		made, of := newObject(), aTree(place, value).(*object)
		for _, key := range of.keys {
			made.set(key, read(inside(place, key), of.values[key]))
		}
		return made
	}
}

func oneOf(what string, words ...string) reader {
	return func(place string, value any) any {
		if !slices.Contains(words, text(place, value).(string)) {
			panic(wrong{place, fmt.Sprintf("%q is no %s; there are %s", value, what, strings.Join(words, ", "))})
		}
		return value
	}
}

const mostRepeated = 16 << 20

// data are bytes: text, {"hex"} or {"json"}; what is repeated is written out.
func data(place string, value any) any {
	if _, is := value.(string); is {
		return value
	}
	if of, is := value.(*object); is {
		switch {
		case len(of.keys) == 1 && of.keys[0] == "json":
			return of
		case len(of.keys) == 1 && of.keys[0] == "hex":
			made := newObject()
			made.set("hex", hex.EncodeToString(unhexed(place, text(place, of.values["hex"]).(string))))
			return made
		case len(of.keys) == 2 && of.values["repeat"] != nil && of.values["times"] != nil:
			return repeated(place, text(place, of.values["repeat"]).(string), u32(place, of.values["times"]))
		}
	}
	panic(wrong{place, `is none of the forms of bytes: a string, {"hex": "00ff"}, {"json": VALUE} or {"repeat": "text", "times": N}`})
}

func repeated(place, part string, times any) string {
	count := int(integer(times))
	if count*len(part) > mostRepeated {
		panic(wrong{place, fmt.Sprintf("\"times\" makes more than %d bytes", mostRepeated)})
	}
	return strings.Repeat(part, count)
}

func unhexed(place, digits string) []byte {
	made, err := hex.DecodeString(digits)
	if err != nil {
		panic(wrong{place, fmt.Sprintf("%q is no hexadecimal text with two digits a byte", digits)})
	}
	return made
}

func digest(place string, value any) any {
	if len(unhexed(place, text(place, value).(string))) != 32 {
		panic(wrong{place, "a SHA-256 has 64 hexadecimal digits"})
	}
	return strings.ToLower(value.(string))
}

// fields are header fields: a value by its name, or a list of them where a name is repeated.
func fields(place string, value any) any {
	made, of := newObject(), aTree(place, value).(*object)
	for _, name := range of.keys {
		if values, is := of.values[name].([]any); is && len(values) != 1 {
			made.set(name, listed(data)(inside(place, name), values))
		} else if is {
			made.set(name, data(inside(place, name), values[0]))
		} else {
			made.set(name, data(inside(place, name), of.values[name]))
		}
	}
	return made
}

// integer is a number that whole made sure of.
func integer(value any) uint64 {
	number, _ := strconv.ParseUint(value.(json.Number).String(), 10, 64)
	return number
}
