// Package state keeps notes of this filter on one request: what one hook writes, a later one reads, in whatever instance it
// runs. It is always there. All notes of a request together, with their keys, are at most 16 KiB.
package state

import "errors"

// Get is the note under a key, and nil where there is none.
func Get(key string) []byte { return callGet(key) }

// Set writes a note. It fails where there is no room left.
func Set(key string, value []byte) error {
	if answer := callSet(key, value); answer.Err != nil {
		return errors.New(*answer.Err)
	}
	return nil
}
