package tidegate_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	tidegate "tidegate.dev/plugin"
	"tidegate.dev/plugin/kv"
)

type guard struct {
	Words []string `json:"words"`
}

func (g *guard) Configure(config []byte) error { return json.Unmarshal(config, g) }

func (g *guard) ModerateInput(_ tidegate.Context, texts []tidegate.Text) tidegate.Moderation {
	for _, text := range texts {
		for _, word := range g.Words {
			if strings.Contains(text.Content, word) {
				return tidegate.Block("the word " + word + " is not allowed")
			}
		}
	}
	return tidegate.Allow()
}

// Hooks are plain methods: a test calls them, and compares verdicts as values.
func Example() {
	g := &guard{}
	if err := g.Configure([]byte(`{"words": ["rot"]}`)); err != nil {
		fmt.Println(err)
	}
	verdict := g.ModerateInput(tidegate.Context{}, []tidegate.Text{{Content: "ein rotes Haus"}})
	fmt.Println(reflect.DeepEqual(verdict, tidegate.Block("the word rot is not allowed")))
	// Output: true
}

func ExampleChanged() {
	verdict := tidegate.Changed().Set("/temperature", 0).SetHeader("x-team", "a")
	fmt.Println(reflect.DeepEqual(verdict, tidegate.Unchanged()))
	// Output: false
}

func ExampleBody_Text() {
	body := tidegate.WholeBody(`{"model": "gpt-5", "messages": []}`)
	model, is := body.Text("/model")
	fmt.Println(model, is)
	// Output: gpt-5 true
}

// A hook that cannot tell fails; what becomes of the request then is the operator's choice.
func ExampleFail() {
	admit := func(key string) tidegate.Admission {
		used, err := kv.Increment("used/"+key, 1, kv.TTL(time.Hour))
		if err != nil {
			return tidegate.Fail[tidegate.Admission](err)
		}
		if used > 100 {
			return tidegate.Refuse(429, "quota_exceeded", "100 requests an hour are allowed").Header("retry-after", "3600")
		}
		return tidegate.Admit()
	}
	fmt.Println(reflect.DeepEqual(admit("ann"), tidegate.Fail[tidegate.Admission](kv.ErrDenied)))
	// Output: true
}
