// Blocks words in prompts and masks them in answers.
package main

import (
	"encoding/json"
	"sort"
	"strings"

	tidegate "tidegate.dev/plugin"
)

type words struct {
	Words []string `json:"words"`
}

func (w *words) Configure(config []byte) error {
	if err := json.Unmarshal(config, w); err != nil {
		return err
	}
	// The longest first: of two words that begin alike, the longer one is meant.
	sort.SliceStable(w.Words, func(i, j int) bool { return len(w.Words[i]) > len(w.Words[j]) })
	return nil
}

func (w *words) ModerateInput(_ tidegate.Context, texts []tidegate.Text) tidegate.Moderation {
	for _, text := range texts {
		if start, end := w.find(text.Content, 0); start >= 0 {
			return tidegate.Block("the word \"" + text.Content[start:end] + "\" is not allowed")
		}
	}
	return tidegate.Allow()
}

func (w *words) ModerateOutput(_ tidegate.Context, texts []tidegate.Text, _ bool) tidegate.Moderation {
	var edits []tidegate.TextEdit
	for _, text := range texts {
		for start, end := w.find(text.Content, 0); start >= 0; start, end = w.find(text.Content, end) {
			// What has left already is there for context only.
			if start >= int(text.Released) {
				edits = append(edits, text.Edit(start, end, "***"))
			}
		}
	}
	verdict := tidegate.Redact(edits...)
	for _, text := range texts {
		if !text.Complete {
			verdict = verdict.Hold(text.ID, uint32(w.begun(text.Content)))
		}
	}
	return verdict
}

// find is the first word at or behind a byte; start is -1 where there is none.
func (w *words) find(content string, at int) (start, end int) {
	start = -1
	for _, word := range w.Words {
		found := strings.Index(content[at:], word)
		if found >= 0 && (start < 0 || at+found < start) {
			start, end = at+found, at+found+len(word)
		}
	}
	return start, end
}

// begun is how many bytes at the end, behind the last word, may become a word with what comes next.
func (w *words) begun(content string) int {
	last := 0
	for start, end := w.find(content, 0); start >= 0; start, end = w.find(content, end) {
		last = end
	}
	for at := range content[last:] {
		end := content[last+at:]
		for _, word := range w.Words {
			if len(word) > len(end) && strings.HasPrefix(word, end) {
				return len(end)
			}
		}
	}
	return 0
}

func init() { tidegate.Register(&words{}) }

func main() {}
