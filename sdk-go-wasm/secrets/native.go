//go:build !wasip1

package secrets

import (
	"tidegate.dev/plugin/internal/abi"
	"tidegate.dev/plugin/internal/host"
)

func callGet(name string) abi.Result[string, failure] {
	secret, err := host.Current.Secret(name)
	switch {
	case err == nil:
		return abi.Result[string, failure]{Value: secret}
	case err.Kind == "denied":
		return abi.Result[string, failure]{Err: &failure{tag: failureDenied, denied: err.Text}}
	default:
		return abi.Result[string, failure]{Err: &failure{tag: failureUnavailable, unavailable: err.Text}}
	}
}
