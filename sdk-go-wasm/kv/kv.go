// Package kv keeps values that outlive a request; each plugin has keys of its own. Needs the capability kv.
package kv

import (
	"errors"
	"time"
)

// Errors of this package, for errors.Is.
var (
	// ErrDenied: the operator grants no store.
	ErrDenied = errors.New("the store is not granted")
	// ErrTooLarge: the key or the value is.
	ErrTooLarge = errors.New("the key or the value is too large")
	// ErrUnavailable: the store cannot be reached, or does not hold what the call needs.
	ErrUnavailable = errors.New("the store is unavailable")
	// ErrConflict: [Set] was to write over one version, and another one stands there.
	ErrConflict = errors.New("another version stands there")
)

// unavailable is ErrUnavailable with the store's own words.
type unavailable string

func (u unavailable) Error() string { return "unavailable: " + string(u) }

func (u unavailable) Is(target error) bool { return target == ErrUnavailable }

// Option is a condition or a limit of a call.
type Option func(*options)

type options struct{ ttlMs, ifVersion *uint64 }

// TTL lets the value go after that time. Of [Increment] it counts from the first call.
func TTL(ttl time.Duration) Option {
	ms := uint64(max(ttl.Milliseconds(), 0))
	return func(o *options) { o.ttlMs = &ms }
}

// IfVersion writes over that version only; else it is [ErrConflict].
func IfVersion(version uint64) Option { return func(o *options) { o.ifVersion = &version } }

// IfAbsent writes only where nothing stands; else it is [ErrConflict].
func IfAbsent() Option { return IfVersion(0) }

// Get is what stands under a key, and nil where nothing does.
func Get(key string) (*Entry, error) {
	answer := callGet(key)
	return answer.Value, failed(answer.Err)
}

// Set writes a value and is its new version.
func Set(key string, value []byte, how ...Option) (version uint64, err error) {
	o := collect(how)
	answer := callSet(key, value, o.ttlMs, o.ifVersion)
	if answer.Err != nil {
		return 0, failed(answer.Err)
	}
	if answer.Value == nil {
		return 0, ErrConflict
	}
	return *answer.Value, nil
}

// Delete takes a value away; it tells whether one was there.
func Delete(key string) (bool, error) {
	answer := callDelete(key)
	return answer.Value, failed(answer.Err)
}

// Increment adds to a decimal number, from 0 where there is none, and is the sum. Of the options only [TTL] means something.
func Increment(key string, by int64, how ...Option) (int64, error) {
	answer := callIncrement(key, by, collect(how).ttlMs)
	return answer.Value, failed(answer.Err)
}

func collect(how []Option) (o options) {
	for _, option := range how {
		option(&o)
	}
	return o
}

func failed(reason *failure) error {
	if reason == nil {
		return nil
	}
	switch reason.tag {
	case failureDenied:
		return ErrDenied
	case failureTooLarge:
		return ErrTooLarge
	default:
		return unavailable(reason.unavailable)
	}
}
