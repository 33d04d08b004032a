//go:build !wasip1

package tidegate

import (
	"strconv"

	"tidegate.dev/plugin/internal/bridge"
)

func init() {
	bridge.Registered = func() any { return plugin }
	bridge.Use = func(other any) { plugin = other }
	bridge.Configure = func(config string) (map[string]any, error) {
		asked, err := lifecycleConfigure(config)
		return showSubscription(asked), err
	}
	bridge.Call = call
}

func call(hook string, ctx any, arguments ...any) (any, error) {
	of := ctx.(Context)
	switch Hook(hook) {
	case HookAuthenticate:
		verdict, err := authAuthenticate(of, arguments[0].(Head))
		return showAuth(verdict), err
	case HookAdmit:
		verdict, err := admissionAdmit(of, arguments[0].(Usage))
		return showAdmission(verdict), err
	case HookSettle:
		return done(), admissionSettle(of, arguments[0].(string), arguments[1].(Usage))
	case HookTransformRequest:
		verdict, err := transformRequest(of, arguments[0].(Headers), arguments[1].(Body).payload)
		return showTransform(verdict), err
	case HookTransformUpstream:
		verdict, err := transformUpstream(of, arguments[0].(Headers), arguments[1].(Body).payload)
		return showTransform(verdict), err
	case HookTransformResponse:
		verdict, err := transformResponse(of, arguments[0].(uint16), arguments[1].(Headers), arguments[2].(Body).payload)
		return showTransform(verdict), err
	case HookTransformEvent:
		verdicts, err := transformEvents(of, arguments[0].([]Event))
		return showList(verdicts, showEvent), err
	case HookModerateInput:
		verdict, err := moderationInput(of, arguments[0].([]Text))
		return showJudged(verdict), err
	case HookModerateOutput:
		verdict, err := moderationOutput(of, arguments[0].([]Text), arguments[1].(bool))
		return showJudged(verdict), err
	default:
		return done(), observeCompleted(of, arguments[0].(Outcome))
	}
}

type shown = map[string]any

func done() any { return shown{"done": shown{}} }

func showList[T any](values []T, show func(T) any) []any {
	list := make([]any, 0, len(values))
	for _, value := range values {
		list = append(list, show(value))
	}
	return list
}

func showSubscription(asked subscription) shown {
	showNeed := func(of need) any {
		switch of.tag {
		case needNothing:
			return "nothing"
		case needWhole:
			return "whole"
		default:
			return shown{"fields": showList(of.fields, showText)}
		}
	}
	var windows any
	if of := asked.windows; of != nil {
		windows = shown{
			"mode": of.Mode, "min": of.Min, "max": of.Max, "overlap": of.Overlap,
			"max_match": of.MaxMatch, "max_hold_ms": of.MaxHoldMs,
		}
	}
	return shown{
		"hooks": showList(asked.hooks, showText), "headers": showNeed(asked.headers),
		"request_body": showNeed(asked.requestBody),
		"response_body": showNeed(asked.responseBody), "body_digest": asked.bodyDigest, "windows": windows,
		"dialects": showList(asked.dialects, showText),
	}
}

func showText(text string) any { return text }

func showFields(headers Headers) []bridge.Field {
	fields := make([]bridge.Field, 0, len(headers))
	for _, header := range headers {
		fields = append(fields, bridge.Field(header))
	}
	return fields
}

func showRefusal(of refusal) shown {
	return shown{"status": of.status, "code": of.code, "message": of.message, "headers": showFields(of.headers)}
}

func showHeaderEdit(edit headerEdit) any {
	switch edit.tag {
	case headerEditSet:
		return shown{"set": shown{"name": edit.set.Name, "value": edit.set.Value}}
	case headerEditAdd:
		return shown{"add": shown{"name": edit.add.Name, "value": edit.add.Value}}
	default:
		return shown{"remove": edit.remove}
	}
}

func showAuth(verdict authVerdict) any {
	switch verdict.tag {
	case authVerdictAllow:
		of := verdict.allow.principal
		attributes := shown{}
		for _, attribute := range of.Attributes {
			attributes[attribute.Name] = attribute.Value
		}
		principal := shown{"id": of.ID, "tenant": orNil(of.Tenant), "attributes": attributes}
		return shown{"allow": shown{"principal": principal, "headers": showList(verdict.allow.headers, showHeaderEdit)}}
	case authVerdictDeny:
		return shown{"deny": showRefusal(verdict.deny)}
	default:
		return shown{"pass": shown{}}
	}
}

func orNil[T any](value *T) any {
	if value == nil {
		return nil
	}
	return *value
}

func showAdmission(verdict admissionVerdict) any {
	if verdict.tag == admissionVerdictRefused {
		return shown{"refused": showRefusal(verdict.refused)}
	}
	return shown{"admitted": orNil(verdict.admitted)}
}

func showTransform(verdict transformVerdict) any {
	switch verdict.tag {
	case transformVerdictChanged:
		return shown{"changed": showChange(verdict.changed)}
	case transformVerdictReply:
		of := verdict.reply
		return shown{"reply": shown{"status": of.status, "headers": showFields(of.headers), "body": of.body}}
	default:
		return shown{"unchanged": shown{}}
	}
}

func showChange(of change) any {
	edits, replace := []any{}, any(nil)
	if body := of.body; body != nil && body.tag == bodyChangeReplace {
		replace = bridge.JSON(body.replace)
	} else if body != nil {
		edits = showList(body.edits, showEdit)
	}
	return shown{
		"headers": showList(of.headers, showHeaderEdit), "edits": edits, "replace": replace,
		"cluster": orNil(of.cluster), "reroute": of.reroute,
	}
}

func showEdit(edit jsonEdit) any {
	switch edit.tag {
	case jsonEditSet:
		return shown{"set": shown{"pointer": edit.set.pointer, "value": bridge.JSON(edit.set.value)}}
	case jsonEditInsert:
		return shown{"insert": shown{"pointer": edit.insert.pointer, "value": bridge.JSON(edit.insert.value)}}
	default:
		return shown{"remove": edit.remove}
	}
}

func showEvent(verdict eventVerdict) any {
	switch verdict.tag {
	case eventVerdictReplace:
		return shown{"replace": showList(verdict.replace, func(event Event) any {
			return shown{"name": orNil(event.Name), "data": bridge.JSON(event.Data)}
		})}
	case eventVerdictDrop:
		return "drop"
	default:
		return "keep"
	}
}

func showJudged(of judged) any {
	holds := shown{}
	for _, hold := range of.hold {
		holds[strconv.FormatUint(uint64(hold.text), 10)] = hold.bytes
	}
	findings := showList(of.findings, func(finding Finding) any {
		return shown{
			"category": finding.Category, "score": orNil(finding.Score), "text": orNil(finding.Text),
			"detail": finding.Detail,
		}
	})
	all := shown{"findings": findings, "hold": holds}
	switch of.judgement.tag {
	case judgementEdit:
		all["edit"] = showList(of.judgement.edit, func(edit TextEdit) any {
			return shown{"id": edit.ID, "start": edit.Start, "end": edit.End, "replacement": edit.Replacement}
		})
	case judgementBlock:
		all["block"] = of.judgement.block
	default:
		all["allow"] = shown{}
	}
	return all
}
