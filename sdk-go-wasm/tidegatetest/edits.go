package tidegatetest

import (
	"slices"
	"strings"
)

// Edits of a body, as the contract has them: places are pointers (RFC 6901).

const (
	noElement = "names an element that the array does not have"
	noObject  = "goes through a value that is neither object nor array"
	noArray   = "must lead into an array"
)

func nowhere(pointer, problem string) error { return invalid("the pointer %q %s", pointer, problem) }

func tokens(pointer string) []string {
	parts := strings.Split(pointer, "/")[1:]
	for at, part := range parts {
		parts[at] = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
	}
	return parts
}

func editedBody(body any, edits []any) (tree any, err error) {
	// Editing writes into the tree, and the case is played on.
	tree, err = parse(written(body))
	for _, edit := range edits {
		if err != nil {
			return nil, err
		}
		kind, value := only(edit)
		pointer, isPointer := value.(string)
		if !isPointer {
			pointer = value.(*object).values["pointer"].(string)
		}
		if pointer != "" && pointer[0] != '/' {
			return nil, nowhere(pointer, `must be empty or begin with "/" (RFC 6901)`)
		}
		switch kind {
		case "set":
			tree, err = setAt(tree, pointer, tokens(pointer), value.(*object).values["value"])
		case "insert":
			tree, err = insertAt(tree, pointer, tokens(pointer), value.(*object).values["value"])
		default:
			tree = removeAt(tree, tokens(pointer))
		}
	}
	return tree, err
}

// setAt is the tree with a value at a place, with missing objects on its way.
func setAt(tree any, pointer string, tokens []string, value any) (any, error) {
	if len(tokens) == 0 {
		return value, nil
	}
	switch of := tree.(type) {
	case *object:
		there, is := of.get(tokens[0])
		if !is && len(tokens) > 1 {
			there = newObject()
		}
		inside, err := setAt(there, pointer, tokens[1:], value)
		if err == nil {
			of.set(tokens[0], inside)
		}
		return of, err
	case []any:
		at, is := index(tokens[0])
		if !is || at >= len(of) {
			return tree, nowhere(pointer, noElement)
		}
		inside, err := setAt(of[at], pointer, tokens[1:], value)
		of[at] = inside
		return of, err
	default:
		return tree, nowhere(pointer, noObject)
	}
}

func insertAt(tree any, pointer string, tokens []string, value any) (any, error) {
	if len(tokens) == 0 {
		return tree, nowhere(pointer, noArray)
	}
	parent, last := tokens[:len(tokens)-1], tokens[len(tokens)-1]
	of, is := found(tree, parent).([]any)
	if !is {
		return tree, nowhere(pointer, noArray)
	}
	at, is := index(last)
	switch {
	case last == "-":
		of = append(slices.Clip(of), value)
	case is && at <= len(of):
		of = slices.Insert(slices.Clone(of), at, value)
	default:
		return tree, nowhere(pointer, noElement)
	}
	return setAt(tree, pointer, parent, of)
}

func removeAt(tree any, tokens []string) any {
	if len(tokens) == 0 {
		return nil
	}
	parent, last := tokens[:len(tokens)-1], tokens[len(tokens)-1]
	switch of := found(tree, parent).(type) {
	case *object:
		of.remove(last)
	case []any:
		if at, is := index(last); is && at < len(of) {
			tree, _ = setAt(tree, "", parent, slices.Delete(slices.Clone(of), at, at+1))
		}
	}
	return tree
}

// found is what stands at a place, or nothing{}.
func found(tree any, tokens []string) any {
	for _, token := range tokens {
		switch of := tree.(type) {
		case *object:
			tree = member(of, token)
		case []any:
			at, is := index(token)
			if !is {
				return nothing{}
			}
			tree = element(of, at)
		default:
			return nothing{}
		}
	}
	return tree
}
