// Package tidegate is what the author of a Tidegate plugin in Go uses: small interfaces, constructors of verdicts, and, in
// packages beside it, the gateway's services.
//
// A plugin is a value whose type has the hooks that it needs; an init function registers it:
//
//	type guard struct {
//		Words []string `json:"words"`
//	}
//
//	func (g *guard) Configure(config []byte) error { return json.Unmarshal(config, g) }
//
//	func (g *guard) ModerateInput(ctx tidegate.Context, texts []tidegate.Text) tidegate.Moderation {
//		for _, text := range texts {
//			for _, word := range g.Words {
//				if strings.Contains(text.Content, word) {
//					return tidegate.Block("the word " + word + " is not allowed")
//				}
//			}
//		}
//		return tidegate.Allow()
//	}
//
//	func init() { tidegate.Register(&guard{}) }
//
//	func main() {}
//
// The gateway is told of the hooks that the type has, and of no others. The zero value of a verdict is the one that changes
// nothing: pass, admit, unchanged, keep, allow.
//
// # Errors
//
// A hook that cannot tell fails: it returns [Fail] in place of a verdict, or an error where it has no verdict. That is a
// failure of the plugin and never a verdict; the filter's on_error decides what becomes of the request. A panic is caught
// and becomes such a failure too, but not one in a goroutine that the author started: that ends the instance.
//
// # Units
//
// Offsets and sizes are bytes of UTF-8, as in Go's strings; times of the contract are milliseconds.
package tidegate
