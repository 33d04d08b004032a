package tidegate

import "slices"

// Subscription is what a configured plugin asks to be told: hooks, and what of the bodies. Handed to [Subscriber] with the
// hooks that the plugin's type has; each method returns it changed.
type Subscription struct {
	asked subscription
}

// subscribedTo asks for hooks, for all header fields, and for the whole bodies that transforms among them are about.
func subscribedTo(hooks []Hook) Subscription {
	wants := Subscription{asked: subscription{headers: need{tag: needWhole}}}
	for _, hook := range hooks {
		wants.asked.hooks = append(wants.asked.hooks, string(hook))
		switch hook {
		case HookTransformRequest, HookTransformUpstream:
			wants = wants.RequestWhole()
		case HookTransformResponse:
			wants = wants.ResponseWhole()
		}
	}
	return wants
}

// Hooks are the hooks that are asked for.
func (s Subscription) Hooks() []Hook {
	hooks := make([]Hook, 0, len(s.asked.hooks))
	for _, hook := range s.asked.hooks {
		hooks = append(hooks, Hook(hook))
	}
	return hooks
}

// Without leaves out a hook that this configuration does not need; it costs nothing then.
func (s Subscription) Without(hook Hook) Subscription {
	left := slices.Clone(s.asked.hooks)
	s.asked.hooks = slices.DeleteFunc(left, func(other string) bool { return other == string(hook) })
	return s
}

// Headers asks for the header fields of these names, in lower case and in this order, for Authenticate and the transforms.
func (s Subscription) Headers(names ...string) Subscription {
	s.asked.headers = need{tag: needFields, fields: names}
	return s
}

// NoHeaders asks for none of the header fields.
func (s Subscription) NoHeaders() Subscription {
	s.asked.headers = need{tag: needNothing}
	return s
}

// RequestFields asks for what stands at these pointers (RFC 6901) of the request, for TransformRequest and
// TransformUpstream.
func (s Subscription) RequestFields(pointers ...string) Subscription {
	s.asked.requestBody = need{tag: needFields, fields: pointers}
	return s
}

// RequestNothing asks for nothing of the request's body.
func (s Subscription) RequestNothing() Subscription {
	s.asked.requestBody = need{tag: needNothing}
	return s
}

// RequestWhole asks for all of the request's body.
func (s Subscription) RequestWhole() Subscription {
	s.asked.requestBody = need{tag: needWhole}
	return s
}

// ResponseFields asks for what stands at these pointers (RFC 6901) of the answer, for TransformResponse.
func (s Subscription) ResponseFields(pointers ...string) Subscription {
	s.asked.responseBody = need{tag: needFields, fields: pointers}
	return s
}

// ResponseNothing asks for nothing of the answer's body.
func (s Subscription) ResponseNothing() Subscription {
	s.asked.responseBody = need{tag: needNothing}
	return s
}

// ResponseWhole asks for all of the answer's body.
func (s Subscription) ResponseWhole() Subscription {
	s.asked.responseBody = need{tag: needWhole}
	return s
}

// BodyDigest asks for the SHA-256 of the request's body in Authenticate; the body is read first then.
func (s Subscription) BodyDigest() Subscription {
	s.asked.bodyDigest = true
	return s
}

// Windows says how a stream is cut for ModerateOutput, in place of what the manifest says.
func (s Subscription) Windows(windows Windows) Subscription {
	s.asked.windows = &windows
	return s
}

// Dialects are those that the transforms understand; none stands for openai.
func (s Subscription) Dialects(dialects ...string) Subscription {
	s.asked.dialects = dialects
	return s
}
