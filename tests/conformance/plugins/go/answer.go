package main

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	tidegate "tidegate.dev/plugin"
)

// Verdicts made of JSON: the answer of a hook's plan, in the form of "out" of a case.

func subscription(wants tidegate.Subscription, asked object) tidegate.Subscription {
	switch need := asked["headers"].(type) {
	case []any:
		wants = wants.Headers(texts(need)...)
	case string:
		if need == "nothing" {
			wants = wants.NoHeaders()
		}
	}
	switch need := asked["request_body"].(type) {
	case []any:
		wants = wants.RequestFields(texts(need)...)
	case string:
		wants = wants.RequestWhole()
	default:
		wants = wants.RequestNothing()
	}
	switch need := asked["response_body"].(type) {
	case []any:
		wants = wants.ResponseFields(texts(need)...)
	case string:
		wants = wants.ResponseWhole()
	default:
		wants = wants.ResponseNothing()
	}
	if asked["body_digest"] == true {
		wants = wants.BodyDigest()
	}
	if told := fields(asked["windows"]); told != nil {
		number := func(name string) uint32 { return uint32(whole(told[name])) }
		wants = wants.Windows(tidegate.Windows{
			Mode: text(told["mode"]), Min: number("min"), Max: number("max"), Overlap: number("overlap"),
			MaxMatch: number("max_match"), MaxHoldMs: number("max_hold_ms"),
		})
	}
	return wants.Dialects(texts(list(asked["dialects"]))...)
}

func texts(values []any) []string {
	var texts []string
	for _, value := range values {
		texts = append(texts, text(value))
	}
	return texts
}

func unknown(name string) error {
	return errors.New("the conformance plugin has no answer \"" + name + "\" for this hook")
}

func status(told object) uint16 { return uint16(whole(told["status"])) }

func auth(turn turn) tidegate.Auth {
	name, value := verdict(turn.plan["answer"])
	told := fields(value)
	switch name {
	case "", "pass":
		return tidegate.Pass()
	case "echo":
		return tidegate.Grant("echo").Attribute("echo", turn.told)
	case "allow":
		principal := fields(told["principal"])
		granted := tidegate.Grant(text(principal["id"]))
		if tenant, is := principal["tenant"].(string); is {
			granted = granted.Tenant(tenant)
		}
		attributes := tidegate.Pairs(pairs(principal["attributes"])...)
		for _, attribute := range attributes {
			granted = granted.Attribute(attribute.Name, attribute.Value)
		}
		return edited(granted, told["headers"])
	case "deny":
		denied := tidegate.Deny(status(told), text(told["code"]), text(told["message"]))
		for _, field := range headers(told["headers"]) {
			denied = denied.Header(field.Name, string(field.Value))
		}
		return denied
	default:
		return tidegate.Fail[tidegate.Auth](unknown(name))
	}
}

// edited makes header edits: {"set": {"name", "value"}}, {"add": {"name", "value"}}, {"remove": "name"}.
func edited[V interface {
	SetHeader(name, value string) V
	AddHeader(name, value string) V
	RemoveHeader(name string) V
}](on V, edits any) V {
	for _, edit := range list(edits) {
		kind, value := verdict(edit)
		told := fields(value)
		switch kind {
		case "set":
			on = on.SetHeader(text(told["name"]), string(raws(told["value"])))
		case "add":
			on = on.AddHeader(text(told["name"]), string(raws(told["value"])))
		default:
			on = on.RemoveHeader(text(value))
		}
	}
	return on
}

func admission(turn turn) tidegate.Admission {
	name, value := verdict(turn.plan["answer"])
	told := fields(value)
	switch name {
	case "":
		return tidegate.Admit()
	case "echo":
		return tidegate.Admit().Ticket(turn.told)
	case "admitted":
		if ticket, is := value.(string); is {
			return tidegate.Admit().Ticket(ticket)
		}
		return tidegate.Admit()
	case "refused":
		refused := tidegate.Refuse(status(told), text(told["code"]), text(told["message"]))
		for _, field := range headers(told["headers"]) {
			refused = refused.Header(field.Name, string(field.Value))
		}
		return refused
	default:
		return tidegate.Fail[tidegate.Admission](unknown(name))
	}
}

func transform(turn turn) tidegate.Transform {
	name, value := verdict(turn.plan["answer"])
	told := fields(value)
	switch name {
	case "", "unchanged":
		return tidegate.Unchanged()
	case "echo":
		return tidegate.Reply(200, turn.told)
	case "changed":
		return change(told)
	case "reply":
		replied := tidegate.Reply(status(told), raws(told["body"]))
		for _, field := range headers(told["headers"]) {
			replied = replied.Header(field.Name, string(field.Value))
		}
		return replied
	default:
		return tidegate.Fail[tidegate.Transform](unknown(name))
	}
}

func change(told object) tidegate.Transform {
	change := edited(tidegate.Changed(), told["headers"])
	for _, edit := range list(told["edits"]) {
		kind, value := verdict(edit)
		place := fields(value)
		switch kind {
		case "set":
			change = change.Set(text(place["pointer"]), raw(place["value"]))
		case "insert":
			change = change.Insert(text(place["pointer"]), raw(place["value"]))
		default:
			change = change.Remove(text(value))
		}
	}
	if body, is := told["replace"]; is {
		change = change.ReplaceBody(raw(body))
	}
	if cluster, is := told["cluster"].(string); is {
		change = change.Cluster(cluster)
	}
	if told["reroute"] == true {
		change = change.Reroute()
	}
	return change
}

// events: by_name picks another answer for events of that name.
func events(turn turn, event tidegate.Event) tidegate.Events {
	answer := turn.plan["answer"]
	if event.Name != nil {
		if own, is := fields(turn.plan["by_name"])[*event.Name]; is {
			answer = own
		}
	}
	name, value := verdict(answer)
	switch name {
	case "", "keep":
		return tidegate.Keep()
	case "drop":
		return tidegate.Drop()
	case "echo":
		return tidegate.Replace(tidegate.Event{Name: event.Name, Data: turn.told})
	case "replace":
		var events []tidegate.Event
		for _, told := range list(value) {
			event := tidegate.NewEvent(raw(fields(told)["data"]))
			if name, is := fields(told)["name"].(string); is {
				event.Name = &name
			}
			events = append(events, event)
		}
		return tidegate.Replace(events...)
	default:
		return tidegate.Fail[tidegate.Events](unknown(name))
	}
}

func moderation(turn turn, texts []tidegate.Text) tidegate.Moderation {
	if turn.plan["answer"] == "echo" {
		return tidegate.Flag(tidegate.NewFinding("echo").WithDetail(turn.told))
	}
	answer := fields(turn.plan["answer"])
	judged := judgement(turn.plan, answer, texts)
	for _, told := range list(answer["findings"]) {
		judged = judged.Findings(finding(fields(told)))
	}
	holds := fields(answer["hold"])
	for _, id := range slices.Sorted(maps.Keys(holds)) {
		text, _ := strconv.ParseUint(id, 10, 32)
		judged = judged.Hold(uint32(text), uint32(whole(holds[id])))
	}
	return judged
}

func judgement(plan, answer object, texts []tidegate.Text) tidegate.Moderation {
	var edits []tidegate.TextEdit
	if word, is := plan["redact"].(string); is {
		for _, one := range texts {
			edits = append(edits, masked(one, word, text(plan["with"]))...)
		}
		return tidegate.Redact(edits...)
	}
	if reason, is := answer["block"].(string); is {
		return tidegate.Block(reason)
	}
	for _, edit := range list(answer["edit"]) {
		told := fields(edit)
		number := func(name string) uint32 { return uint32(whole(told[name])) }
		edits = append(edits, tidegate.TextEdit{
			ID: number("id"), Start: number("start"), End: number("end"), Replacement: text(told["replacement"]),
		})
	}
	return tidegate.Redact(edits...)
}

// masked is one edit for each place where the word stands.
func masked(text tidegate.Text, word, with string) []tidegate.TextEdit {
	var edits []tidegate.TextEdit
	for from := 0; ; {
		at := strings.Index(text.Content[from:], word)
		if at < 0 {
			return edits
		}
		edits = append(edits, text.Edit(from+at, from+at+len(word), with))
		from += at + len(word)
	}
}

func finding(told object) tidegate.Finding {
	found := tidegate.NewFinding(text(told["category"])).WithDetail(text(told["detail"]))
	if told["score"] != nil {
		found = found.WithScore(float32(number(told["score"])))
	}
	if told["text"] != nil {
		found = found.InText(tidegate.Text{ID: uint32(whole(told["text"]))})
	}
	return found
}
