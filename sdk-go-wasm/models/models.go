// Package models asks a model through a route of the gateway. Needs the capability models.
package models

import "errors"

// Ask sends a request, JSON in the dialect of the route, and is the answer's JSON.
func Ask(route string, body []byte) ([]byte, error) {
	answer := callAsk(route, string(body))
	if answer.Err != nil {
		return nil, errors.New(*answer.Err)
	}
	return []byte(answer.Value), nil
}
