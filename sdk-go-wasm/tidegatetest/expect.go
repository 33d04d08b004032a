package tidegatetest

import (
	"encoding/json"
	"strconv"
)

// expected is what a step must answer: an answer with its defaults, or a part of an error's text.
type expected struct {
	answer  any
	failure string
	fails   bool
}

var nothingInside = shaped()

var answers = map[string]reader{
	"authenticate": either(
		required("pass", nothingInside),
		required("allow", shaped(required("principal", principal), key{"headers", listed(headerEdit), list})),
		required("deny", refusal),
	),
	"admit":              either(required("admitted", optional(data)), required("refused", refusal)),
	"settle":             either(required("done", nothingInside)),
	"transform_request":  transformed,
	"transform_upstream": transformed,
	"transform_response": transformed,
	"transform_event":    listed(eventVerdict),
	"moderate_input":     judged,
	"moderate_output":    judged,
	"completed":          either(required("done", nothingInside)),
}

var transformed = either(
	required("unchanged", nothingInside),
	required("changed", shaped(
		key{"headers", listed(headerEdit), list}, key{"edits", listed(jsonEdit), list}, optionally("replace", anything, nil),
		optionally("cluster", optional(text), nil), optionally("reroute", flag, false),
	)),
	required("reply", reply),
)

func eventVerdict(place string, value any) any {
	if value == "keep" || value == "drop" {
		return value
	}
	return either(required("replace", listed(event)))(place, value)
}

func judged(place string, value any) any {
	made := named(
		optionally("allow", optional(nothingInside), nil), optionally("edit", optional(listed(textEdit)), nil),
		optionally("block", optional(data), nil), optionally("findings", listed(finding), nil),
		optionally("hold", mapped(u32), nil),
	)(place, value).(*object)
	verdicts := 0
	for _, name := range []string{"allow", "edit", "block"} {
		if verdict, is := made.get(name); is && verdict != nil {
			verdicts++
		} else {
			made.remove(name)
		}
	}
	switch {
	case verdicts > 1:
		panic(wrong{place, `has more than one of "allow", "edit" and "block"; keep one`})
	case verdicts == 0:
		made.set("allow", newObject())
	}
	if _, is := made.get("findings"); !is {
		made.set("findings", list())
	}
	if _, is := made.get("hold"); !is {
		made.set("hold", newObject())
	}
	for _, one := range made.values["findings"].([]any) {
		shorten(one.(*object))
	}
	return made
}

// shorten writes a score as 32 bits can hold it: 0.9, not the 0.8999999761581421 that its bits are.
func shorten(finding *object) {
	score, is := finding.values["score"].(json.Number)
	if !is {
		return
	}
	number, _ := score.Float64()
	finding.set("score", json.Number(strconv.FormatFloat(float64(float32(number)), 'g', -1, 32)))
}

// expectedOf reads "out" of a step.
func expectedOf(hook, place string, out any, isGiven bool) expected {
	if !isGiven {
		if hook != "settle" && hook != "completed" {
			panic(wrong{place, "is missing; it says what the plugin must answer"})
		}
		out = "done"
	}
	if of, is := out.(*object); is {
		if _, is := of.get("error"); is {
			read := shaped(required("error", text))(place, of).(*object)
			return expected{failure: read.values["error"].(string), fails: true}
		}
	}
	if name, is := out.(string); is {
		// "pass" is short for {"pass": {}}.
		made := newObject()
		made.set(name, newObject())
		if name == "admitted" {
			made.set(name, nil)
		}
		out = made
	}
	return expected{answer: answers[hook](place, out)}
}
