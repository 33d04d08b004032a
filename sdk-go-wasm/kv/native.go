//go:build !wasip1

package kv

import (
	"tidegate.dev/plugin/internal/abi"
	"tidegate.dev/plugin/internal/host"
)

func callGet(key string) abi.Result[*Entry, failure] {
	value, version, err := host.Current.Get(key)
	answer := abi.Result[*Entry, failure]{Err: because(err)}
	if err == nil && value != nil {
		answer.Value = &Entry{Value: value, Version: version}
	}
	return answer
}

func callSet(key string, value []byte, ttlMs, ifVersion *uint64) abi.Result[*uint64, failure] {
	version, err := host.Current.Set(key, value, ttlMs, ifVersion)
	return abi.Result[*uint64, failure]{Value: version, Err: because(err)}
}

func callDelete(key string) abi.Result[bool, failure] {
	was, err := host.Current.Delete(key)
	return abi.Result[bool, failure]{Value: was, Err: because(err)}
}

func callIncrement(key string, by int64, ttlMs *uint64) abi.Result[int64, failure] {
	sum, err := host.Current.Increment(key, by, ttlMs)
	return abi.Result[int64, failure]{Value: sum, Err: because(err)}
}

func because(err *host.Failure) *failure {
	if err == nil {
		return nil
	}
	switch err.Kind {
	case "denied":
		return &failure{tag: failureDenied}
	case "too_large":
		return &failure{tag: failureTooLarge}
	default:
		return &failure{tag: failureUnavailable, unavailable: err.Text}
	}
}
