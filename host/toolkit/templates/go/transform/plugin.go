// Keeps the temperature of requests below a limit.
package main

import (
	"encoding/json"
	"strconv"

	tidegate "tidegate.dev/plugin"
)

type temperature struct {
	Most json.Number `json:"max_temperature"`
}

func (t *temperature) Configure(config []byte) error { return json.Unmarshal(config, t) }

// Subscribe asks for one place of the body: what is not asked for costs nothing.
func (t *temperature) Subscribe(wants tidegate.Subscription) tidegate.Subscription {
	return wants.RequestFields("/temperature").Dialects("openai", "anthropic")
}

func (t *temperature) TransformRequest(_ tidegate.Context, _ tidegate.Headers, body tidegate.Body) tidegate.Transform {
	change := tidegate.Changed().AddHeader("x-filtered-by", "{{name}}")
	asked, err := strconv.ParseFloat(string(body.Get("/temperature")), 64)
	most, _ := t.Most.Float64()
	if err == nil && asked > most {
		return change.Set("/temperature", json.RawMessage(t.Most))
	}
	return change
}

func init() { tidegate.Register(&temperature{}) }

func main() {}
