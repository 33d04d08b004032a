package tidegate

import (
	"encoding/json"
	"strings"
	"testing"
)

const document = ` {"model": "gpt\u002d5", "a/b": {"~": [1, {"x": "\ud83c\udf32 \"q\""}, [] ]}, "n": -1.5e3, "": null, "t" : true ,
	"twice": 1, "twice": 2, "s": "}{][,\\", "deep": [[[["in"]]]]}`

func TestPlacesOfAWholeBody(t *testing.T) {
	body := WholeBody(document)
	for pointer, wanted := range map[string]string{
		"/model": `"gpt\u002d5"`, "/a~1b/~0/0": "1", "/a~1b/~0/1/x": `"\ud83c\udf32 \"q\""`, "/a~1b/~0/2": "[]",
		"/n": "-1.5e3", "/": "null", "/t": "true", "/twice": "2", "/s": `"}{][,\\"`, "/deep/0/0/0/0": `"in"`,
		"/deep": `[[[["in"]]]]`, "": strings.TrimSpace(document),
	} {
		same(t, string(body.Get(pointer)), wanted)
	}
	for _, pointer := range []string{"/x", "/a~1b/~0/3", "/a~1b/~0/01", "/a~1b/~0/-", "/model/x", "/n/0", "/deep/0/1"} {
		same(t, body.Get(pointer) == nil, true)
	}
	text, is := body.Text("/a~1b/~0/1/x")
	same(t, text, "🌲 \"q\"")
	same(t, is, true)
	_, is = body.Text("/n")
	same(t, is, false)
}

func TestPlacesThatWereAskedFor(t *testing.T) {
	body := FieldsBody(Pair{"/model", `"m"`}, Pair{"/n", "1"})
	same(t, string(body.Get("/n")), "1")
	same(t, body.Get("/other") == nil, true)
	same(t, body.JSON() == nil, true)
	var pointers []string
	for pointer := range body.Places() {
		pointers = append(pointers, pointer)
	}
	same(t, pointers, []string{"/model", "/n"})
}

func TestBodiesThatAreNone(t *testing.T) {
	same(t, Body{}.IsAbsent(), true)
	same(t, OpaqueBody("image/png").MediaType(), "image/png")
	same(t, OpaqueBody("image/png").Get("") == nil, true)
}

// What the gateway hands over is JSON; nothing else may make the scanner run on for ever or out of its text.
func FuzzPointed(f *testing.F) {
	for _, seed := range []string{document, `{"a`, `["\`, `[1,`, `{"a":}`, `]`, `"\u12`} {
		f.Add(seed, "/a/0")
	}
	f.Fuzz(func(t *testing.T, text, pointer string) {
		found, _ := pointed(text, pointer)
		if strings.Contains(text, found) {
			_, _ = unquoted(found)
		}
	})
}

func TestValuesAreEncodedAsJSON(t *testing.T) {
	values := []any{
		nil, true, "a\"\\\n\x01ä🌲<", "bad\xff", 1, int64(-2), uint64(1 << 63), 0.5, float32(0.1), 1e21,
		[]any{1, "x"}, []string{"a"}, map[string]any{"b": 1, "a": []any{}}, json.RawMessage(`{"x":1}`),
	}
	for _, value := range values {
		got, err := encode(nil, value)
		same(t, err, nil)
		standard, _ := json.Marshal(value)
		var one, other any
		same(t, json.Unmarshal(got, &one), nil)
		_ = json.Unmarshal(standard, &other)
		same(t, one, other)
	}
	same(t, Changed().Set("/a", struct{}{}).err.Error(),
		`the value for "/a": it is of a type that is encoded elsewhere; give json.RawMessage`)
}

func TestHeadersAreFoundByName(t *testing.T) {
	headers := Headers{header("a", "1"), header("b", "\xff"), header("a", "2")}
	same(t, headers.Get("a"), "1")
	same(t, headers.Get("c"), "")
	same(t, headers.Values("a"), []string{"1", "2"})
	same(t, Pairs("a", "1", "b"), []Pair{{"a", "1"}, {"b", ""}})
}
