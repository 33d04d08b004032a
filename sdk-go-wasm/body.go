package tidegate

import "iter"

// Body is a body, or the part of it that a [Subscription] asked for. The zero value is an absent one.
type Body struct {
	payload payload
}

// WholeBody is all of a JSON body; for tests of a plugin.
func WholeBody[J ~string | ~[]byte](json J) Body {
	return Body{payload{tag: payloadWhole, whole: string(json)}}
}

// FieldsBody is some places of a JSON body, each with the JSON text that stands there; for tests of a plugin.
func FieldsBody(places ...Pair) Body {
	fields := make([]jsonSet, 0, len(places))
	for _, place := range places {
		fields = append(fields, jsonSet{place.Name, place.Value})
	}
	return Body{payload{tag: payloadFields, fields: fields}}
}

// OpaqueBody is a body that is no JSON, by its media type; for tests of a plugin.
func OpaqueBody(mediaType string) Body { return Body{payload{tag: payloadOpaque, opaque: mediaType}} }

// IsAbsent is true where nothing was asked for, or there is none.
func (b Body) IsAbsent() bool { return b.payload.tag == payloadAbsent }

// MediaType is that of a body which is no JSON, and empty of another.
func (b Body) MediaType() string { return b.payload.opaque }

// JSON is all of the body as JSON text, ready for json.Unmarshal, and nil where not all was asked for.
func (b Body) JSON() []byte {
	if b.payload.tag != payloadWhole {
		return nil
	}
	return []byte(b.payload.whole)
}

// Get is the JSON text at a pointer (RFC 6901): of all of the body, or of the places that were asked for. It is nil where
// nothing stands there.
func (b Body) Get(pointer string) []byte {
	text, is := b.find(pointer)
	if !is {
		return nil
	}
	return []byte(text)
}

// Text is the text at a pointer; not there, or of another type, it is none.
func (b Body) Text(pointer string) (text string, is bool) {
	json, is := b.find(pointer)
	if !is {
		return "", false
	}
	return unquoted(json)
}

// Places are the places that were asked for and are there, each with its JSON text, in the order of the subscription.
func (b Body) Places() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, field := range b.payload.fields {
			if !yield(field.pointer, []byte(field.value)) {
				return
			}
		}
	}
}

func (b Body) find(pointer string) (string, bool) {
	if b.payload.tag == payloadWhole {
		return pointed(b.payload.whole, pointer)
	}
	for _, field := range b.payload.fields {
		if field.pointer == pointer {
			return field.value, true
		}
	}
	return "", false
}
