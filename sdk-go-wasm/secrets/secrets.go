// Package secrets reads secrets by name. Needs the capability secrets with that name.
package secrets

import "errors"

// Get is the secret of that name. It fails where the name is not granted, or nothing stands there.
func Get(name string) (string, error) {
	answer := callGet(name)
	if answer.Err != nil {
		return "", errors.New(*answer.Err)
	}
	return answer.Value, nil
}
