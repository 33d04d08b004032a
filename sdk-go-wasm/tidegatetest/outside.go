package tidegatetest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"tidegate.dev/plugin/internal/bridge"
	"tidegate.dev/plugin/internal/host"
)

// What a plugin asks other servers, answered out of the case; and what became of the services.

// Send is answered by the case.
func (s *caseServices) Send(request host.Request) (host.Reply, *host.Failure) {
	if problem := s.denied(request.URL); problem != "" {
		return host.Reply{}, &host.Failure{Kind: "denied", Text: problem}
	}
	for at, one := range s.exchanges {
		of := one.(*object).values
		if !matches(of["request"].(*object), request) {
			continue
		}
		s.exchanges = append(s.exchanges[:at:at], s.exchanges[at+1:]...)
		if failed, is := of["error"].(*object); is {
			return host.Reply{}, failureOf(failed)
		}
		return replyOf(of["reply"].(*object)), nil
	}
	s.strangers = append(s.strangers, request.Method+" "+request.URL)
	return host.Reply{}, &host.Failure{Kind: "failed", Text: "the case expects no such request"}
}

func failureOf(told *object) *host.Failure {
	kind, text := only(told)
	return &host.Failure{Kind: kind, Text: text.(string)}
}

func notGranted(format, name string) *host.Failure {
	return &host.Failure{Kind: "denied", Text: fmt.Sprintf(format, name)}
}

func (s *caseServices) denied(address string) string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return "the URL names no host"
	}
	if parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.User != nil {
		return "the URL must be http or https, without user information"
	}
	authority := strings.ToLower(parsed.Host)
	for _, granted := range s.granted.values["http"].([]any) {
		if covers(strings.ToLower(granted.(string)), authority) {
			return ""
		}
	}
	return fmt.Sprintf("host %q is not granted; the operator must list it under \"grants\"", authority)
}

// covers knows name, name:port and *.name; a grant without a port covers all ports of the host.
func covers(granted, authority string) bool {
	asked := authority
	if hostOf(granted) == granted {
		asked = hostOf(authority)
	}
	suffix, isSuffix := strings.CutPrefix(granted, "*")
	if !isSuffix {
		return asked == granted
	}
	return strings.HasPrefix(suffix, ".") && len(asked) > len(suffix) && strings.HasSuffix(asked, suffix)
}

func hostOf(authority string) string {
	at := strings.LastIndexByte(authority, ':')
	if at < 0 {
		return authority
	}
	if _, err := strconv.ParseUint(authority[at+1:], 10, 16); err != nil {
		return authority
	}
	return authority[:at]
}

// matches compares what the case writes of a request.
func matches(wanted *object, request host.Request) bool {
	of := wanted.values
	if of["method"] != request.Method || of["url"] != request.URL {
		return false
	}
	var timeout any
	if request.TimeoutMs != nil {
		timeout = json.Number(strconv.FormatUint(uint64(*request.TimeoutMs), 10))
	}
	got := map[string]any{
		"headers": shownFields(bridgeFields(request.Headers)), "body": shownBytes(request.Body), "timeout_ms": timeout,
	}
	for _, name := range []string{"headers", "body", "timeout_ms"} {
		if of[name] != nil && difference(of[name], got[name]) != "" {
			return false
		}
	}
	return true
}

func bridgeFields(fields []host.Pair) []bridge.Field {
	var made []bridge.Field
	for _, field := range fields {
		made = append(made, bridge.Field{Name: field.Name, Value: []byte(field.Value)})
	}
	return made
}

func replyOf(reply *object) host.Reply {
	made := host.Reply{Status: uint16(integer(reply.values["status"])), Body: content(reply.values["body"])}
	for _, field := range fieldsOf(reply.values["headers"].(*object)) {
		made.Headers = append(made.Headers, host.Pair{Name: field.Name, Value: string(field.Value)})
	}
	return made
}

// Ask is answered by the case.
func (s *caseServices) Ask(route, body string) (string, *host.Failure) {
	if !s.isGranted("models", route) {
		return "", notGranted("route %q is not granted; the operator must list it under \"grants\"", route)
	}
	asked, err := parse(body)
	if err != nil {
		return "", &host.Failure{Kind: "failed", Text: "the question is no JSON"}
	}
	for at, one := range s.questions {
		of := one.(*object).values
		if of["route"] != route || of["body"] != nil && difference(of["body"], asked) != "" {
			continue
		}
		s.questions = append(s.questions[:at:at], s.questions[at+1:]...)
		if failed, is := of["error"].(*object); is {
			return "", failureOf(failed)
		}
		return written(of["reply"]), nil
	}
	s.strangers = append(s.strangers, "a question to route \""+route+"\"")
	return "", &host.Failure{Kind: "failed", Text: "the case expects no such question"}
}

// check compares what was done with what the case says of it; it is empty where that is the same.
func (s *caseServices) check() string {
	if len(s.strangers) > 0 {
		return fmt.Sprintf("\"services\": %s was sent, which the case does not name, or not so often", s.strangers[0])
	}
	if len(s.exchanges) > 0 {
		request := s.exchanges[0].(*object).values["request"].(*object).values
		return fmt.Sprintf("\"services.http\": the request %s %s was never sent", request["method"], request["url"])
	}
	if len(s.questions) > 0 {
		return fmt.Sprintf("\"services.models\": route %q was never asked", s.questions[0].(*object).values["route"])
	}
	if text := s.checkStore(); text != "" {
		return text
	}
	if wanted := s.told.values["metrics_after"]; wanted != nil {
		if text := difference(wanted, s.metrics); text != "" {
			return "\"services.metrics_after\": what was written differs" + text
		}
	}
	return ""
}

func (s *caseServices) checkStore() string {
	after, is := s.told.values["kv_after"].(*object)
	if !is {
		return ""
	}
	got := newObject()
	for _, key := range s.keys {
		at := s.store[key]
		if !at.isThere {
			continue
		}
		one := newObject()
		one.set("value", shownBytes(at.value))
		if wanted, is := after.values[key].(*object); is {
			if _, is := wanted.get("ttl_ms"); is {
				one.set("ttl_ms", nil)
				if at.ttlMs != nil {
					one.set("ttl_ms", json.Number(strconv.FormatUint(*at.ttlMs, 10)))
				}
			}
		}
		got.set(key, one)
	}
	if text := difference(after, got); text != "" {
		return "\"services.kv_after\": what stands in the store differs" + text
	}
	return ""
}
