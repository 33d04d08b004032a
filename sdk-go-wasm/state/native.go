//go:build !wasip1

package state

import (
	"tidegate.dev/plugin/internal/abi"
	"tidegate.dev/plugin/internal/host"
)

func callGet(key string) []byte { return host.Current.Note(key) }

func callSet(key string, value []byte) abi.Result[struct{}, string] {
	return abi.Result[struct{}, string]{Err: host.Current.SetNote(key, value)}
}
