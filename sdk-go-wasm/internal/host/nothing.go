package host

import (
	"fmt"
	"os"
)

// Nothing is a gateway that grants nothing: notes are kept, log lines go to standard error.
type Nothing struct{ notes map[string][]byte }

// Attribute knows none.
func (*Nothing) Attribute(string) *string { return nil }

// Note is what was noted.
func (n *Nothing) Note(key string) []byte { return n.notes[key] }

// SetNote notes it.
func (n *Nothing) SetNote(key string, value []byte) *Failure {
	if n.notes == nil {
		n.notes = map[string][]byte{}
	}
	n.notes[key] = append([]byte{}, value...)
	return nil
}

// Log prints the line.
func (*Nothing) Log(level, message string, fields []Pair) {
	fmt.Fprintln(os.Stderr, level, message, fields)
}

// Count counts nothing.
func (*Nothing) Count(string, float64, []Pair) {}

// Observe writes nothing down.
func (*Nothing) Observe(string, float64, []Pair) {}

// Secret is never granted.
func (*Nothing) Secret(name string) (string, *Failure) {
	return "", &Failure{Kind: "denied", Text: fmt.Sprintf("secret %q is not granted outside of a gateway", name)}
}

// Get is denied.
func (*Nothing) Get(string) ([]byte, uint64, *Failure) { return nil, 0, denied() }

// Set is denied.
func (*Nothing) Set(string, []byte, *uint64, *uint64) (*uint64, *Failure) { return nil, denied() }

// Delete is denied.
func (*Nothing) Delete(string) (bool, *Failure) { return false, denied() }

// Increment is denied.
func (*Nothing) Increment(string, int64, *uint64) (int64, *Failure) { return 0, denied() }

// Send is denied.
func (*Nothing) Send(Request) (Reply, *Failure) { return Reply{}, denied() }

// Ask is never granted.
func (*Nothing) Ask(route, _ string) (string, *Failure) {
	return "", &Failure{Kind: "denied", Text: fmt.Sprintf("route %q is not granted outside of a gateway", route)}
}

func denied() *Failure { return &Failure{Kind: "denied", Text: "not granted outside of a gateway"} }
