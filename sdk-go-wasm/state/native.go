//go:build !wasip1

package state

import (
	"tidegate.dev/plugin/internal/abi"
	"tidegate.dev/plugin/internal/host"
)

func callGet(key string) []byte { return host.Current.Note(key) }

func callSet(key string, value []byte) abi.Result[struct{}, failure] {
	err := host.Current.SetNote(key, value)
	switch {
	case err == nil:
		return abi.Result[struct{}, failure]{}
	case err.Kind == "full":
		return abi.Result[struct{}, failure]{Err: &failure{tag: failureFull}}
	default:
		return abi.Result[struct{}, failure]{Err: &failure{tag: failureFailed, failed: err.Text}}
	}
}
