// Package secrets reads secrets by name. Needs the capability secrets with that name.
package secrets

import "errors"

// Errors of this package, for errors.Is.
var (
	// ErrDenied: the name is not granted, or nothing stands there.
	ErrDenied = errors.New("the secret is not granted")
	// ErrUnavailable: where it is kept does not answer.
	ErrUnavailable = errors.New("the secret is not to be had")
)

// reason is one of the errors above with the gateway's own words.
type reason struct {
	of   error
	text string
}

func (r reason) Error() string { return r.text }

func (r reason) Unwrap() error { return r.of }

// Get is the secret of that name.
func Get(name string) (string, error) {
	switch answer := callGet(name); {
	case answer.Err == nil:
		return answer.Value, nil
	case answer.Err.tag == failureDenied:
		return "", reason{ErrDenied, answer.Err.denied}
	default:
		return "", reason{ErrUnavailable, answer.Err.unavailable}
	}
}
