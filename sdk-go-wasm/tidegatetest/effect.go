package tidegatetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// errInvalid is a verdict that the gateway would not carry out: a failure of the plugin.
var errInvalid = errors.New("the verdict cannot be carried out")

func invalid(format string, arguments ...any) error {
	return fmt.Errorf("%w: %s", errInvalid, fmt.Sprintf(format, arguments...))
}

// effect is what stands there once a verdict is carried out: some of headers, body and texts.
func effect(hook string, told *object, answer any) (*object, error) {
	came := newObject()
	of, _ := answer.(*object)
	switch {
	case hook == "authenticate":
		allowed, is := of.values["allow"].(*object)
		if !is {
			return came, nil
		}
		headers, err := editedFields(allowed.values["headers"].([]any), told.values["head"].(*object).values["headers"].(*object))
		came.set("headers", headers)
		return came, err
	case strings.HasPrefix(hook, "transform_") && hook != "transform_event":
		changed, _ := of.values["changed"].(*object)
		return came, changedMessage(came, told, changed)
	case strings.HasPrefix(hook, "moderate_"):
		edits, _ := of.values["edit"].([]any)
		texts, err := editedTexts(told.values["texts"].([]any), edits)
		came.set("texts", texts)
		return came, err
	default:
		return came, nil
	}
}

// afterDiffers tells what differs, of what the case names.
func afterDiffers(after, came *object) string {
	for _, name := range []string{"headers", "body", "texts"} {
		wanted, is := after.get(name)
		if !is {
			continue
		}
		if text := difference(wanted, came.values[name]); text != "" {
			return fmt.Sprintf("%q of \"after\" differs%s", name, text)
		}
	}
	return ""
}

var ownFields = []string{
	"connection", "content-length", "host", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer",
	"transfer-encoding", "upgrade",
}

func editedFields(edits []any, fields *object) (*object, error) {
	made := newObject()
	for _, name := range fields.keys {
		made.set(name, fields.values[name])
	}
	for _, edit := range edits {
		kind, value := only(edit)
		name, isName := value.(string)
		if !isName {
			name = value.(*object).values["name"].(string)
		}
		if err := checkName(name); err != nil {
			return made, err
		}
		if kind == "remove" {
			made.remove(name)
			continue
		}
		content_ := value.(*object).values["value"]
		if err := checkValue(name, content(content_)); err != nil {
			return made, err
		}
		there, is := made.get(name)
		switch list, isList := there.([]any); {
		case kind == "set" || !is:
			made.set(name, content_)
		case isList:
			made.set(name, append(slices.Clip(list), content_))
		default:
			made.set(name, []any{there, content_})
		}
	}
	return made, nil
}

// only is the one key of an object and its value.
func only(value any) (string, any) {
	of := value.(*object)
	return of.keys[0], of.values[of.keys[0]]
}

func checkName(name string) error {
	const marks = "!#$%&'*+-.^_`|~"
	isToken := func(letter rune) bool {
		return letter < 128 && (strings.ContainsRune(marks, letter) || letter >= '0' && letter <= '9' ||
			letter >= 'a' && letter <= 'z' || letter >= 'A' && letter <= 'Z')
	}
	if name == "" || strings.ContainsFunc(name, func(letter rune) bool { return !isToken(letter) }) {
		return invalid("%q is no name that a field may have", name[:min(64, len(name))])
	}
	lower := strings.ToLower(name)
	if slices.Contains(ownFields, lower) || strings.HasPrefix(lower, "x-tidegate-") {
		return invalid("the field %q is the gateway's own", name)
	}
	return nil
}

func checkValue(name string, value []byte) error {
	for _, letter := range value {
		if letter < ' ' && letter != '\t' || letter == 127 {
			return invalid("the value of %q has bytes that no field may have", name[:min(64, len(name))])
		}
	}
	return nil
}

func isOpaque(body any) bool {
	of, is := body.(*object)
	return is && len(of.keys) == 1 && of.keys[0] == "opaque"
}

func changedMessage(came, told, change *object) error {
	body, fields := told.values["body"], told.values["headers"].(*object)
	if isOpaque(body) {
		body = nil
	}
	came.set("headers", fields)
	came.set("body", body)
	if change == nil {
		return nil
	}
	edits, replace := change.values["edits"].([]any), change.values["replace"]
	if len(edits) > 0 || replace != nil {
		if body == nil {
			return invalid("it changes a body that is no JSON")
		}
		came.set("body", replace)
		if len(edits) > 0 {
			edited, err := editedBody(body, edits)
			if err != nil {
				return err
			}
			came.set("body", edited)
		}
	}
	headers, err := editedFields(change.values["headers"].([]any), fields)
	came.set("headers", headers)
	return err
}

func editedTexts(texts, edits []any) ([]any, error) {
	var editable []json.Number
	for _, text := range texts {
		if of := text.(*object).values; of["kind"] != "media" {
			editable = append(editable, of["id"].(json.Number))
		}
	}
	for _, edit := range edits {
		if !slices.Contains(editable, edit.(*object).values["id"].(json.Number)) {
			return nil, invalid("an edit names a text that does not exist or cannot be edited")
		}
	}
	made := []any{}
	for _, text := range texts {
		of := text.(*object)
		var own []*object
		for _, edit := range edits {
			if edit.(*object).values["id"] == of.values["id"] {
				own = append(own, edit.(*object))
			}
		}
		edited, err := editedText(of, own)
		if err != nil {
			return nil, err
		}
		made = append(made, edited)
	}
	return made, nil
}

func editedText(text *object, edits []*object) (string, error) {
	source := string(content(text.values["content"]))
	if len(edits) > 0 && integer(edits[0].values["start"]) < integer(text.values["released"]) {
		return "", invalid("an edit changes what has left already")
	}
	var made strings.Builder
	at := 0
	for _, edit := range edits {
		start, end := int(integer(edit.values["start"])), int(integer(edit.values["end"]))
		if start < at || end < start || !isBorder(source, start) || !isBorder(source, end) {
			return "", invalid("an edit is out of order, overlaps another or is not on borders of characters")
		}
		made.WriteString(source[at:start] + edit.values["replacement"].(string))
		at = end
	}
	made.WriteString(source[at:])
	if text.values["kind"] == "tool-arguments" && json.Valid([]byte(source)) && !json.Valid([]byte(made.String())) {
		return "", invalid("the edited arguments of a tool are no JSON any more")
	}
	return made.String(), nil
}

func isBorder(source string, at int) bool {
	return at == len(source) || at < len(source) && source[at]&0xC0 != 0x80
}

// index is the number of an element: digits without a leading zero (RFC 6901 section 4).
func index(token string) (int, bool) {
	number, err := strconv.Atoi(token)
	return number, err == nil && number >= 0 && strconv.Itoa(number) == token
}
