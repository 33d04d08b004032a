//go:build !wasip1

package http

import (
	tidegate "tidegate.dev/plugin"
	"tidegate.dev/plugin/internal/abi"
	"tidegate.dev/plugin/internal/host"
)

func callSend(requests []outgoing) []abi.Result[Reply, failure] {
	answers := make([]abi.Result[Reply, failure], 0, len(requests))
	for _, request := range requests {
		plain := host.Request{
			Method: request.method, URL: request.url, Body: request.body, TimeoutMs: request.timeoutMs,
		}
		for _, field := range request.headers {
			plain.Headers = append(plain.Headers, host.Pair{Name: field.Name, Value: string(field.Value)})
		}
		reply, err := host.Current.Send(plain)
		answer := abi.Result[Reply, failure]{Err: because(err), Value: Reply{Status: reply.Status, Body: reply.Body}}
		for _, field := range reply.Headers {
			header := tidegate.Header{Name: field.Name, Value: []byte(field.Value)}
			answer.Value.Headers = append(answer.Value.Headers, header)
		}
		answers = append(answers, answer)
	}
	return answers
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
