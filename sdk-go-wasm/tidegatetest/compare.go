package tidegatetest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

const (
	mostTold  = 12
	mostShown = 2000
)

// nothing stands where there is no value.
type nothing struct{}

type place struct {
	pointer       string
	expected, got any
}

// difference is empty where both trees are the same. Where {"json": ...} is expected and a text came, the text is read as JSON.
// Numbers are compared by value: 1.0 is 1.
func difference(expected, got any) string {
	got = aligned(expected, got)
	var places []place
	walk("", expected, got, &places)
	if len(places) == 0 {
		return ""
	}
	var text strings.Builder
	for at, place := range places {
		if at == mostTold {
			fmt.Fprintf(&text, "\n  and %d more", len(places)-mostTold)
			break
		}
		pointer := place.pointer
		if pointer == "" {
			pointer = "the whole"
		}
		fmt.Fprintf(&text, "\n  at %s\n    expected %s\n    got      %s", pointer, shown(place.expected), shown(place.got))
	}
	return text.String() + "\n  all that was got: " + shown(got)
}

// aligned reads texts as JSON where JSON is expected.
func aligned(expected, got any) any {
	switch expected := expected.(type) {
	case *object:
		if text, is := got.(string); is && len(expected.keys) == 1 && expected.keys[0] == "json" {
			if tree, err := parse(text); err == nil {
				made := newObject()
				made.set("json", tree)
				return aligned(expected, made)
			}
		}
		of, is := got.(*object)
		if !is {
			return got
		}
		made := newObject()
		for _, key := range of.keys {
			value := of.values[key]
			if wanted, is := expected.get(key); is {
				value = aligned(wanted, value)
			}
			made.set(key, value)
		}
		return made
	case []any:
		of, is := got.([]any)
		if !is {
			return got
		}
		made := make([]any, 0, len(of))
		for at, value := range of {
			if at < len(expected) {
				value = aligned(expected[at], value)
			}
			made = append(made, value)
		}
		return made
	default:
		return got
	}
}

func walk(pointer string, expected, got any, places *[]place) {
	switch wanted := expected.(type) {
	case *object:
		if came, is := got.(*object); is {
			walkObject(pointer, wanted, came, places)
			return
		}
	case []any:
		if came, is := got.([]any); is {
			for at := range max(len(wanted), len(came)) {
				walk(pointer+"/"+strconv.Itoa(at), element(wanted, at), element(came, at), places)
			}
			return
		}
	case json.Number:
		if came, is := got.(json.Number); is && sameNumber(wanted, came) {
			return
		}
	default:
		if !isTree(got) && expected == got {
			return
		}
	}
	*places = append(*places, place{pointer, expected, got})
}

func walkObject(pointer string, wanted, came *object, places *[]place) {
	keys := append([]string{}, wanted.keys...)
	for _, key := range came.keys {
		if _, is := wanted.get(key); !is {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		token := strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
		walk(pointer+"/"+token, member(wanted, key), member(came, key), places)
	}
}

func isTree(value any) bool {
	switch value.(type) {
	case *object, []any:
		return true
	default:
		return false
	}
}

func member(of *object, key string) any {
	if value, is := of.get(key); is {
		return value
	}
	return nothing{}
}

func element(of []any, at int) any {
	if at < len(of) {
		return of[at]
	}
	return nothing{}
}

func shown(value any) string {
	if value == (nothing{}) {
		return "nothing"
	}
	text := written(value)
	if len(text) <= mostShown {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:mostShown], ""), len(text))
}
