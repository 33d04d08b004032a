// Package info tells more of the request than the context does. It is always there.
package info

// Attribute is an attribute of the request by name: service, listener, method, path, client.address. An unknown one is none.
func Attribute(name string) (value string, is bool) {
	answer := callAttribute(name)
	if answer == nil {
		return "", false
	}
	return *answer, true
}
