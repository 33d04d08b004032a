//go:build !wasip1

package secrets

import (
	"tidegate.dev/plugin/internal/abi"
	"tidegate.dev/plugin/internal/host"
)

func callGet(name string) abi.Result[string, string] {
	secret, err := host.Current.Secret(name)
	return abi.Result[string, string]{Value: secret, Err: err}
}
