// The conformance plugin: it does what its configuration says, and tells what it was given.
//
// tests/conformance/README.md describes the configuration; ../rust is the same plugin in Rust. calls.go asks the services, seen.go
// shows what a call was given, answer.go makes verdicts.
package main

import (
	"encoding/json"
	"errors"

	tidegate "tidegate.dev/plugin"
	"tidegate.dev/plugin/kv"
)

type conformance struct {
	config object
}

// turn is what the configuration wants of one call, and what the call was given, as JSON text.
type turn struct {
	plan object
	told string
}

func (c *conformance) Configure(config []byte) error {
	value, err := parse(config)
	if err != nil {
		return err
	}
	c.config = fields(value)
	if refusal, is := c.config["refuse"].(string); is {
		return errors.New(refusal)
	}
	return nil
}

func (c *conformance) Subscribe(wants tidegate.Subscription) tidegate.Subscription {
	if c.config["hooks"] == nil {
		return wants
	}
	hooks := fields(c.config["hooks"])
	for _, hook := range wants.Hooks() {
		if _, is := hooks[string(hook)]; !is {
			wants = wants.Without(hook)
		}
	}
	return subscription(wants, fields(c.config["subscribe"]))
}

func (c *conformance) turn(hook tidegate.Hook, ctx tidegate.Context, told object) (turn, error) {
	plan := fields(fields(c.config["hooks"])[string(hook)])
	results, err := callAll(list(plan["calls"]))
	if err != nil {
		return turn{}, err
	}
	if text, is := plan["fail"].(string); is {
		return turn{}, errors.New(text)
	}
	for plan["spin"] == true {
	}
	text, err := json.Marshal(object{"ctx": seenContext(ctx), "in": told, "calls": results})
	return turn{plan, string(text)}, err
}

// storeEcho is for hooks that answer nothing.
func (t turn) storeEcho() error {
	if t.plan["answer"] != "echo" {
		return nil
	}
	_, err := kv.Set("echo", []byte(t.told))
	return err
}

func (c *conformance) Authenticate(ctx tidegate.Context, head tidegate.Head) tidegate.Auth {
	turn, err := c.turn(tidegate.HookAuthenticate, ctx, seenHead(head))
	if err != nil {
		return tidegate.Fail[tidegate.Auth](err)
	}
	return auth(turn)
}

func (c *conformance) Admit(ctx tidegate.Context, estimate tidegate.Usage) tidegate.Admission {
	turn, err := c.turn(tidegate.HookAdmit, ctx, object{"estimate": seenUsage(estimate)})
	if err != nil {
		return tidegate.Fail[tidegate.Admission](err)
	}
	return admission(turn)
}

func (c *conformance) Settle(ctx tidegate.Context, ticket string, actual tidegate.Usage) error {
	turn, err := c.turn(tidegate.HookSettle, ctx, object{"ticket": ticket, "actual": seenUsage(actual)})
	if err != nil {
		return err
	}
	return turn.storeEcho()
}

func (c *conformance) TransformRequest(ctx tidegate.Context, headers tidegate.Headers, body tidegate.Body) tidegate.Transform {
	told := object{"headers": seenHeaders(headers), "body": seenBody(body)}
	return c.transform(tidegate.HookTransformRequest, ctx, told)
}

func (c *conformance) TransformUpstream(ctx tidegate.Context, headers tidegate.Headers, body tidegate.Body) tidegate.Transform {
	told := object{"headers": seenHeaders(headers), "body": seenBody(body)}
	return c.transform(tidegate.HookTransformUpstream, ctx, told)
}

func (c *conformance) TransformResponse(ctx tidegate.Context, status uint16, headers tidegate.Headers, body tidegate.Body) tidegate.Transform {
	told := object{"status": status, "headers": seenHeaders(headers), "body": seenBody(body)}
	return c.transform(tidegate.HookTransformResponse, ctx, told)
}

func (c *conformance) transform(hook tidegate.Hook, ctx tidegate.Context, told object) tidegate.Transform {
	turn, err := c.turn(hook, ctx, told)
	if err != nil {
		return tidegate.Fail[tidegate.Transform](err)
	}
	return transform(turn)
}

func (c *conformance) TransformEvent(ctx tidegate.Context, event tidegate.Event) tidegate.Events {
	turn, err := c.turn(tidegate.HookTransformEvent, ctx, object{"name": event.Name, "data": json.RawMessage(event.Data)})
	if err != nil {
		return tidegate.Fail[tidegate.Events](err)
	}
	return events(turn, event)
}

func (c *conformance) ModerateInput(ctx tidegate.Context, texts []tidegate.Text) tidegate.Moderation {
	return c.moderate(tidegate.HookModerateInput, ctx, texts, object{"texts": seenTexts(texts)})
}

func (c *conformance) ModerateOutput(ctx tidegate.Context, texts []tidegate.Text, last bool) tidegate.Moderation {
	return c.moderate(tidegate.HookModerateOutput, ctx, texts, object{"texts": seenTexts(texts), "last": last})
}

func (c *conformance) moderate(hook tidegate.Hook, ctx tidegate.Context, texts []tidegate.Text, told object) tidegate.Moderation {
	turn, err := c.turn(hook, ctx, told)
	if err != nil {
		return tidegate.Fail[tidegate.Moderation](err)
	}
	return moderation(turn, texts)
}

func (c *conformance) Completed(ctx tidegate.Context, outcome tidegate.Outcome) error {
	turn, err := c.turn(tidegate.HookCompleted, ctx, seenOutcome(outcome))
	if err != nil {
		return err
	}
	return turn.storeEcho()
}

func init() { tidegate.Register(&conformance{}) }

func main() {}
