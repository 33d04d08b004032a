// Package http sends requests to named hosts. Needs the capability http with the host. Redirects are not followed.
//
// It has the name of a package of the standard library, which cannot reach anything from a component.
package http

import (
	"errors"
	"time"

	tidegate "tidegate.dev/plugin"
	"tidegate.dev/plugin/internal/reason"
)

// Errors of this package, for errors.Is.
var (
	// ErrDenied: the operator does not grant this host.
	ErrDenied = errors.New("the host is not granted")
	// ErrTimeout: no answer in time.
	ErrTimeout = errors.New("no answer in time")
	// ErrTooLarge: the answer is.
	ErrTooLarge = errors.New("the answer is too large")
	// ErrFailed: no answer came.
	ErrFailed = errors.New("no answer came")
)

// Request is a request to a named host. Without a Method it is a GET, without a Timeout the gateway's own holds.
type Request struct {
	Method  string
	URL     string
	Headers tidegate.Headers
	Body    []byte
	Timeout time.Duration
}

// Answer is what became of one of several requests.
type Answer struct {
	Reply Reply
	Err   error
}

// Send sends one request and waits for its answer. An answer of any status is no error.
func Send(request Request) (Reply, error) {
	answer := SendAll(request)[0]
	return answer.Reply, answer.Err
}

// SendAll sends requests all at once and waits for all answers, which come in the order of the requests.
func SendAll(requests ...Request) []Answer {
	sent := make([]outgoing, 0, len(requests))
	for _, request := range requests {
		sent = append(sent, request.outgoing())
	}
	answers := make([]Answer, 0, len(requests))
	for _, result := range callSend(sent) {
		answers = append(answers, Answer{result.Value, failed(result.Err)})
	}
	return answers
}

func (r Request) outgoing() outgoing {
	sent := outgoing{method: r.Method, url: r.URL, headers: r.Headers, body: r.Body}
	if sent.method == "" {
		sent.method = "GET"
	}
	if r.Timeout > 0 {
		ms := uint32(max(r.Timeout.Milliseconds(), 1))
		sent.timeoutMs = &ms
	}
	return sent
}

func failed(err *failure) error {
	if err == nil {
		return nil
	}
	switch err.tag {
	case failureDenied:
		return reason.Of(ErrDenied, "denied: " + err.denied)
	case failureTimeout:
		return ErrTimeout
	case failureTooLarge:
		return ErrTooLarge
	default:
		return reason.Of(ErrFailed, "failed: " + err.failed)
	}
}
