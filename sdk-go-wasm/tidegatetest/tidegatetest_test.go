package tidegatetest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tidegate "tidegate.dev/plugin"
	"tidegate.dev/plugin/http"
	"tidegate.dev/plugin/internal/bridge"
	"tidegate.dev/plugin/kv"
	"tidegate.dev/plugin/models"
)

// mirror masks one word, and does with its services what a header says.
type mirror struct{ word string }

func (m *mirror) Configure(config []byte) error {
	if m.word != "" {
		return errors.New("it was configured before")
	}
	m.word = string(tidegate.WholeBody(config).Get("/word"))
	if m.word == "" {
		return errors.New("\"word\" is missing")
	}
	m.word = strings.Trim(m.word, "\"")
	return nil
}

func (m *mirror) ModerateInput(_ tidegate.Context, texts []tidegate.Text) tidegate.Moderation {
	var edits []tidegate.TextEdit
	for _, text := range texts {
		if at := strings.Index(text.Content, m.word); at >= 0 {
			edits = append(edits, text.Edit(at, at+len(m.word), "***"))
		}
	}
	return tidegate.Redact(edits...)
}

func (m *mirror) TransformRequest(_ tidegate.Context, headers tidegate.Headers, _ tidegate.Body) tidegate.Transform {
	switch headers.Get("do") {
	case "bad-json":
		return tidegate.Changed().ReplaceBody([]byte("{"))
	case "bad-header":
		return tidegate.Changed().SetHeader("a b", "")
	case "nowhere":
		return tidegate.Changed().Insert("/model/0", 1)
	case "store":
		_, _ = kv.Set("k", []byte("v"))
	case "send":
		_, _ = http.Send(http.Request{URL: "https://api.example.com/x"})
	case "ask":
		answer, err := models.Ask("small", []byte(`{"a": 1}`))
		if err != nil {
			return tidegate.Fail[tidegate.Transform](err)
		}
		return tidegate.Reply(200, answer)
	}
	return tidegate.Unchanged()
}

func init() { tidegate.Register(&mirror{}) }

const manifestText = `
[plugin] # a comment
id = "test/mirror"
hooks = [
    "moderate_input", # the first
    "transform_request",
]
[capabilities]
kv = true
http = ["api.example.com"]
models = ['small']
`

func manifestOf(t *testing.T, text string) *manifest {
	t.Helper()
	file := filepath.Join(t.TempDir(), "plugin.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	made, err := readManifest(file)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestCasesThatMeetThePlugin(t *testing.T) {
	for _, source := range []string{
		`{"name": "n", "config": {"word": "rot"}, "steps": [{"hook": "moderate_input", "in": {"texts": [{"content": "ein rotes"}]},
			"out": {"edit": [{"start": 4, "end": 7, "replacement": "***"}]}, "after": {"texts": ["ein ***es"]}}]}`,
		`{"name": "n", "configure": {"error": "is missing"}}`,
		`{"name": "n", "grants": {}, "configure": {"error": "asks for kv: true"}}`,
		stepThat("bad-json", `{"error": "is to be JSON"}`, ""), stepThat("bad-header", `{"error": "no name that a field"}`, ""),
		stepThat("nowhere", `{"error": "must lead into an array"}`, ""),
		stepThat("store", `"unchanged"`, `"kv_after": {"k": "v"}`),
		stepThat("ask", `{"reply": {"body": {"json": {"b": 2}}}}`, `"models": [{"route": "small", "body": {"a": 1.0}, "reply": {"b": 2}}]`),
	} {
		if problem := played(t, source); problem != "" {
			t.Errorf("%s\n%s", source, problem)
		}
	}
}

// stepThat is a case with one step, whose header says what to do.
func stepThat(do, out, services string) string {
	return `{"name": "n", "config": {"word": "x"}, "services": {` + services + `}, "steps": [{"hook": "transform_request",
		"in": {"headers": {"do": "` + do + `"}, "body": {"model": "m"}}, "out": ` + out + `}]}`
}

func TestCasesThatDoNot(t *testing.T) {
	for source, wanted := range map[string]string{
		stepThat("", `{"reply": {"status": 201}}`, ""):                                            "step 1 (transform_request): the answer differs\n  at /reply",
		stepThat("", `{"error": "x"}`, ""):                                                        "the plugin answered {\"unchanged\":{}}",
		stepThat("store", `"unchanged"`, `"kv_after": {}`):                                        "what stands in the store differs\n  at /k",
		stepThat("send", `"unchanged"`, ""):                                                       "GET https://api.example.com/x was sent",
		stepThat("", `"unchanged"`, `"models": [{"route": "small", "reply": null}]`):              "route \"small\" was never asked",
		`{"name": "n", "steps": [{"hook": "admit", "out": "admitted"}], "config": {"word": "x"}}`: "does not subscribe to this hook",
		`{"name": "n", "configure": {"hooks": []}}`:                                               "the configuration was refused",
	} {
		if problem := played(t, source); !strings.Contains(problem, wanted) {
			t.Errorf("%s\ngot    %s\nwanted %s", source, problem, wanted)
		}
	}
}

func played(t *testing.T, source string) string {
	t.Helper()
	one, err := readCase("a.json", source)
	if err != nil {
		t.Fatal(err)
	}
	bridge.Use(&mirror{})
	return play(t, one, manifestOf(t, manifestText))
}

func TestMistakesInACaseHaveTheirPlace(t *testing.T) {
	for source, wanted := range map[string]string{
		`{`:                     "a.json: no JSON",
		`{"name": "n"}`:         "a.json: steps: is empty",
		`{"name": 1}`:           "a.json: name: is a number, and must be a text",
		`{"name": "n", "x": 1}`: "a.json: x: unknown field \"x\", expected one of name, config",
		`{"name": "n", "steps": [{"hook": "moderate_input", "in": {"texts": [{"roll": 1}]}, "out": "allow"}]}`: "a.json: steps[0].in.texts[0].roll: unknown field",
		`{"name": "n", "steps": [{"hook": "admit"}]}`:                                                          "a.json: steps[0].out: is missing",
		`{"name": "n", "steps": [{"hook": "admit", "out": "passed"}]}`:                                         "steps[0].out: unknown variant \"passed\"",
		`{"name": "n", "services": {"kv": {"k": {"hex": "0"}}}}`:                                               "services.kv.k: \"0\" is no hexadecimal text",
	} {
		if _, err := readCase("a.json", source); err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%s\ngot    %v\nwanted %s", source, err, wanted)
		}
	}
	if _, err := readCases(t.TempDir()); err == nil {
		t.Error("a folder without cases was taken")
	}
}

type typo struct{}

func (typo) ModerateInput(texts []tidegate.Text) tidegate.Moderation { return tidegate.Allow() }

func TestAMethodThatIsNoHookIsNamed(t *testing.T) {
	if err := misshapen(typo{}); err == nil || !strings.Contains(err.Error(), `method "ModerateInput"`) {
		t.Errorf("got %v", err)
	}
	if err := misshapen(&mirror{}); err != nil {
		t.Error(err)
	}
}

func TestAManifestIsRead(t *testing.T) {
	made := manifestOf(t, manifestText)
	if len(made.hooks) != 2 || made.asked.values["kv"] != true || made.asked.values["metrics"] != false {
		t.Errorf("got %v and %s", made.hooks, written(made.asked))
	}
	file := filepath.Join(t.TempDir(), "plugin.toml")
	_ = os.WriteFile(file, []byte("[plugin]\nhooks = [\"other\"]"), 0o600)
	if _, err := readManifest(file); err == nil || !strings.Contains(err.Error(), "unknown hook \"other\"") {
		t.Errorf("got %v", err)
	}
}
