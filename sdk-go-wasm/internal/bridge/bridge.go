// Package bridge lets package tidegatetest call a plugin and look into its verdicts, which authors cannot.
package bridge

// JSON is JSON text within a shown verdict.
type JSON string

// Field is a header field within a shown verdict.
type Field struct {
	Name  string
	Value []byte
}

// Set by package tidegate on every platform but a component's.
var (
	// Registered is what was registered, or nil.
	Registered func() any
	// Use puts another plugin in its place.
	Use func(plugin any)
	// Configure configures it and is its subscription, in the words of case files.
	Configure func(config string) (map[string]any, error)
	// Call calls a hook by its name in manifests, with the arguments of the contract, and is its verdict in the
	// words of case files.
	Call func(hook string, ctx any, arguments ...any) (any, error)
)
