package tidegate

import "slices"

// Transform is the answer of the transform hooks, made by [Unchanged], [Changed] or [Reply]. What a method adds that belongs
// to another verdict has no effect.
type Transform struct {
	verdict transformVerdict
	err     error
}

// Unchanged changes nothing.
func Unchanged() Transform { return Transform{} }

// Changed changes what is named on it: Changed().Set("/temperature", 0).SetHeader("x-team", "a").
func Changed() Transform { return Transform{verdict: transformVerdict{tag: transformVerdictChanged}} }

// Reply ends the exchange with this answer of the plugin's own. status is 200 to 599.
func Reply[B ~string | ~[]byte](status uint16, body B) Transform {
	return Transform{verdict: transformVerdict{tag: transformVerdictReply, reply: reply{status: status, body: []byte(body)}}}
}

// Set replaces or creates the value at a pointer (RFC 6901), with missing objects on its way. value is a text, a number, a
// bool, nil, or something that marshals itself, such as json.RawMessage, and []any and map[string]any of these; a hook
// that sets anything else fails.
func (t Transform) Set(pointer string, value any) Transform {
	return t.place(jsonEditSet, pointer, value)
}

// Insert puts an element into an array before the one at its place; "-" appends. value is as for Set.
func (t Transform) Insert(pointer string, value any) Transform {
	return t.place(jsonEditInsert, pointer, value)
}

// Remove takes the value at a pointer away; what is not there needs no removal.
func (t Transform) Remove(pointer string) Transform {
	return t.edit(jsonEdit{tag: jsonEditRemove, remove: pointer})
}

// ReplaceBody sends another body, JSON text. Edits before and after it are forgotten.
func (t Transform) ReplaceBody(json []byte) Transform {
	t.verdict.changed.body = &bodyChange{tag: bodyChangeReplace, replace: string(json)}
	return t
}

// SetHeader replaces all fields of this name.
func (t Transform) SetHeader(name, value string) Transform {
	return t.header(headerEdit{tag: headerEditSet, set: header(name, value)})
}

// AddHeader appends a field.
func (t Transform) AddHeader(name, value string) Transform {
	return t.header(headerEdit{tag: headerEditAdd, add: header(name, value)})
}

// RemoveHeader removes all fields of this name.
func (t Transform) RemoveHeader(name string) Transform {
	return t.header(headerEdit{tag: headerEditRemove, remove: name})
}

// Cluster sends a request to this cluster in place of the route's own.
func (t Transform) Cluster(cluster string) Transform {
	t.verdict.changed.cluster = &cluster
	return t
}

// Reroute picks the route of a request anew; once a request.
func (t Transform) Reroute() Transform {
	t.verdict.changed.reroute = true
	return t
}

// Header is, of a reply, a field of it.
func (t Transform) Header(name, value string) Transform {
	t.verdict.reply.headers = append(slices.Clip(t.verdict.reply.headers), header(name, value))
	return t
}

func (t Transform) place(tag jsonEditTag, pointer string, value any) Transform {
	json, err := encode(nil, value)
	if err != nil {
		t.err = failure("the value for \"" + pointer + "\": " + err.Error())
		return t
	}
	place := jsonSet{pointer, string(json)}
	return t.edit(jsonEdit{tag: tag, set: place, insert: place})
}

// edit appends to the edits of the body, unless all of it is replaced.
func (t Transform) edit(edit jsonEdit) Transform {
	body := t.verdict.changed.body
	if body == nil {
		body = &bodyChange{}
	}
	if body.tag == bodyChangeEdits {
		t.verdict.changed.body = &bodyChange{edits: append(slices.Clip(body.edits), edit)}
	}
	return t
}

func (t Transform) header(edit headerEdit) Transform {
	t.verdict.changed.headers = append(slices.Clip(t.verdict.changed.headers), edit)
	return t
}

// Events is the answer of [EventTransformer], made by [Keep], [Replace] or [Drop].
type Events struct {
	verdict eventVerdict
	err     error
}

// Keep lets the event pass as it came.
func Keep() Events { return Events{} }

// Replace lets these pass in its place.
func Replace(events ...Event) Events {
	return Events{verdict: eventVerdict{tag: eventVerdictReplace, replace: events}}
}

// Drop does not let it pass.
func Drop() Events { return Events{verdict: eventVerdict{tag: eventVerdictDrop}} }

// NewEvent is an event without a name; data is JSON text.
func NewEvent[D ~string | ~[]byte](data D) Event { return Event{Data: string(data)} }
