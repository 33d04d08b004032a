// Package secrets reads secrets by name. Needs the capability secrets with that name.
package secrets

import (
	"errors"

	"tidegate.dev/plugin/internal/reason"
)

// Errors of this package, for errors.Is.
var (
	// ErrDenied: the name is not granted, or nothing stands there.
	ErrDenied = errors.New("the secret is not granted")
	// ErrUnavailable: where it is kept does not answer.
	ErrUnavailable = errors.New("the secret is not to be had")
)

// Get is the secret of that name.
func Get(name string) (string, error) {
	switch answer := callGet(name); {
	case answer.Err == nil:
		return answer.Value, nil
	case answer.Err.tag == failureDenied:
		return "", reason.Of(ErrDenied, answer.Err.denied)
	default:
		return "", reason.Of(ErrUnavailable, answer.Err.unavailable)
	}
}
