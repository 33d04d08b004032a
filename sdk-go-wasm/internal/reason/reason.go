// Package reason words the errors of services.
package reason

// reason is an error that a package exports, with the gateway's own words.
type reason struct {
	of   error
	text string
}

// Of is that error, for errors.Is, in these words.
func Of(err error, text string) error { return reason{err, text} }

func (r reason) Error() string { return r.text }

func (r reason) Unwrap() error { return r.of }
