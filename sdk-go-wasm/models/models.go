// Package models asks a model through a route of the gateway. Needs the capability models.
package models

import (
	"errors"

	"tidegate.dev/plugin/internal/reason"
)

// Errors of this package, for errors.Is.
var (
	// ErrDenied: the route is not granted, or there is none of that name.
	ErrDenied = errors.New("the route is not granted")
	// ErrTimeout: no answer in time.
	ErrTimeout = errors.New("the model gave no answer in time")
	// ErrTooLarge: the answer is.
	ErrTooLarge = errors.New("the answer is too large")
	// ErrFailed: the route gave no answer.
	ErrFailed = errors.New("the model gave no answer")
)

// Ask sends a chat request, JSON in OpenAI's shape, and is the answer's JSON.
func Ask(route string, body []byte) ([]byte, error) {
	answer := callAsk(route, string(body))
	if answer.Err == nil {
		return []byte(answer.Value), nil
	}
	switch answer.Err.tag {
	case failureDenied:
		return nil, reason.Of(ErrDenied, "denied: " + answer.Err.denied)
	case failureTimeout:
		return nil, ErrTimeout
	case failureTooLarge:
		return nil, ErrTooLarge
	default:
		return nil, reason.Of(ErrFailed, "failed: " + answer.Err.failed)
	}
}
