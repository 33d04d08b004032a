// Package abi carries values between Go and a component's linear memory, in the layout of the canonical ABI.
//
// The host writes arguments and results into memory that [realloc] hands out. That memory belongs to no garbage collector: it
// is used again as soon as all that stands in it was copied, so nothing that this package returns points into it.
package abi

// Result is a `result` of the contract: Err is nil where it is ok.
type Result[T, E any] struct {
	Value T
	Err   *E
}
