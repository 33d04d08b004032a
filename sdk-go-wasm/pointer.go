package tidegate

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// pointed finds the JSON text at a pointer (RFC 6901) of a JSON text that the gateway has checked already.
func pointed(json, pointer string) (string, bool) {
	reader := scanner{text: json}
	for pointer != "" {
		var token string
		token, pointer, _ = strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
		if pointer != "" {
			pointer = "/" + pointer
		}
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		if !reader.enter(token) {
			return "", false
		}
	}
	reader.space()
	start := reader.at
	reader.value()
	return reader.text[start:reader.at], reader.at > start
}

// scanner passes over JSON; at the end of the text it stands still.
type scanner struct {
	text string
	at   int
}

func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) space() {
	for strings.IndexByte(" \t\r\n", s.peek()) >= 0 && s.at < len(s.text) {
		s.at++
	}
}

// enter goes to the member or the element of that name.
func (s *scanner) enter(token string) bool {
	s.space()
	switch s.peek() {
	case '{':
		return s.member(token)
	case '[':
		return s.element(token)
	default:
		return false
	}
}

// member looks for the last one of its name, which is the one that counts.
func (s *scanner) member(name string) bool {
	found := -1
	for s.next('}') {
		start := s.at
		s.value()
		key, _ := unquoted(s.text[start:s.at])
		s.space()
		s.at = min(s.at+1, len(s.text)) // the colon
		if key == name {
			found = s.at
		}
		s.value()
	}
	if found >= 0 {
		s.at = found
	}
	return found >= 0
}

func (s *scanner) element(token string) bool {
	index, err := strconv.Atoi(token)
	if err != nil || strconv.Itoa(index) != token {
		return false
	}
	for at := 0; s.next(']'); at++ {
		if at == index {
			return true
		}
		s.value()
	}
	return false
}

// next passes over the bracket or the comma before a member; at the closing bracket, and at the end, there is none.
func (s *scanner) next(closing byte) bool {
	s.space()
	if s.at >= len(s.text) || s.peek() == closing {
		return false
	}
	s.at++
	s.space()
	return s.at < len(s.text) && s.peek() != closing
}

// value passes over a value of any kind.
func (s *scanner) value() {
	s.space()
	for depth := 0; s.at < len(s.text); {
		switch letter := s.text[s.at]; letter {
		case '"':
			s.quoted()
		case '{', '[':
			depth++
			s.at++
		case '}', ']':
			if depth == 0 {
				return
			}
			depth--
			s.at++
		default:
			s.at++
			if depth == 0 {
				s.word()
			}
		}
		if depth == 0 {
			return
		}
	}
}

// word passes over the rest of a number, true, false or null.
func (s *scanner) word() {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n,]}:", s.text[s.at]) < 0 {
		s.at++
	}
}

func (s *scanner) quoted() {
	for s.at++; s.at < len(s.text) && s.text[s.at] != '"'; s.at++ {
		if s.text[s.at] == '\\' {
			s.at++
		}
	}
	s.at = min(s.at+1, len(s.text))
}

// unquoted is the text that a JSON string stands for.
func unquoted(json string) (string, bool) {
	if len(json) < 2 || json[0] != '"' {
		return "", false
	}
	json = json[1 : len(json)-1]
	if strings.IndexByte(json, '\\') < 0 {
		return json, true
	}
	text := make([]byte, 0, len(json))
	for at := 0; at < len(json); at++ {
		if json[at] != '\\' || at+1 == len(json) {
			text = append(text, json[at])
			continue
		}
		at++
		if json[at] != 'u' {
			text = append(text, plain(json[at]))
			continue
		}
		letter := hex4(json, at+1)
		at += 4
		if utf16.IsSurrogate(letter) && strings.HasPrefix(json[min(at+1, len(json)):], "\\u") {
			if joined := utf16.DecodeRune(letter, hex4(json, at+3)); joined != utf8.RuneError {
				letter = joined
				at += 6
			}
		}
		text = utf8.AppendRune(text, letter)
	}
	return string(text), true
}

func plain(escaped byte) byte {
	if at := strings.IndexByte("bfnrt", escaped); at >= 0 {
		return "\b\f\n\r\t"[at]
	}
	return escaped
}

func hex4(json string, at int) rune {
	number, err := strconv.ParseUint(json[min(at, len(json)):min(at+4, len(json))], 16, 16)
	if err != nil {
		return utf8.RuneError
	}
	return rune(number)
}
