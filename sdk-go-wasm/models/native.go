//go:build !wasip1

package models

import (
	"tidegate.dev/plugin/internal/abi"
	"tidegate.dev/plugin/internal/host"
)

func callAsk(route, body string) abi.Result[string, string] {
	answer, err := host.Current.Ask(route, body)
	return abi.Result[string, string]{Value: answer, Err: err}
}
