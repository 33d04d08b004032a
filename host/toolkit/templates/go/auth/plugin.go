// Knows callers by the API key that they send.
package main

import (
	"encoding/json"

	tidegate "tidegate.dev/plugin"
)

type apiKeys struct {
	// The principal of each key.
	Keys map[string]string `json:"keys"`
}

func (a *apiKeys) Configure(config []byte) error { return json.Unmarshal(config, a) }

func (a *apiKeys) Authenticate(_ tidegate.Context, head tidegate.Head) tidegate.Auth {
	key := head.Headers.Get("x-api-key")
	if key == "" {
		return tidegate.Pass()
	}
	principal, known := a.Keys[key]
	if !known {
		return tidegate.Deny(401, "invalid_api_key", "the API key is not known")
	}
	return tidegate.Grant(principal)
}

func init() { tidegate.Register(&apiKeys{}) }

func main() {}
