// Package state keeps notes of this filter on one request: what one hook writes, a later one reads, in whatever instance it
// runs. It is always there. All notes of a request together, with their keys, are at most 16 KiB.
package state

import "errors"

// ErrFull, for errors.Is: there is no room left; what was there stays.
var ErrFull = errors.New("the notes of a request may hold 16 KiB")

// Get is the note under a key, and nil where there is none.
func Get(key string) []byte { return callGet(key) }

// Set writes a note. It is [ErrFull] where there is no room left.
func Set(key string, value []byte) error {
	switch answer := callSet(key, value); {
	case answer.Err == nil:
		return nil
	case answer.Err.tag == failureFull:
		return ErrFull
	default:
		return errors.New("the note was not kept: " + answer.Err.failed)
	}
}
