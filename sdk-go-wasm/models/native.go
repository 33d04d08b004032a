//go:build !wasip1

package models

import (
	"tidegate.dev/plugin/internal/abi"
	"tidegate.dev/plugin/internal/host"
)

func callAsk(route, body string) abi.Result[string, failure] {
	answer, err := host.Current.Ask(route, body)
	return abi.Result[string, failure]{Value: answer, Err: because(err)}
}

func because(err *host.Failure) *failure {
	if err == nil {
		return nil
	}
	switch err.Kind {
	case "denied":
		return &failure{tag: failureDenied, denied: err.Text}
	case "timeout":
		return &failure{tag: failureTimeout}
	case "too_large":
		return &failure{tag: failureTooLarge}
	default:
		return &failure{tag: failureFailed, failed: err.Text}
	}
}
