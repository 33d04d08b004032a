package tidegate

import "slices"

// Moderation is the answer of [InputModerator] and [OutputModerator], made by [Allow], [Flag], [Redact] or [Block].
type Moderation struct {
	judged judged
	err    error
}

// Allow lets the texts pass.
func Allow() Moderation { return Moderation{} }

// Flag lets the texts pass, and what was found is counted and logged.
func Flag(findings ...Finding) Moderation { return Allow().Findings(findings...) }

// Redact lets the texts pass with these edits: for each text in order and without overlap. Without any it is [Allow].
func Redact(edits ...TextEdit) Moderation {
	if len(edits) == 0 {
		return Allow()
	}
	return Moderation{judged: judged{judgement: judgement{tag: judgementEdit, edit: edits}}}
}

// Block ends the exchange; the reason is told to the client.
func Block(reason string) Moderation {
	return Moderation{judged: judged{judgement: judgement{tag: judgementBlock, block: reason}}}
}

// Findings are for logs and metrics, whatever the judgement.
func (m Moderation) Findings(findings ...Finding) Moderation {
	m.judged.findings = append(slices.Clip(m.judged.findings), findings...)
	return m
}

// Hold is, of a stream, how many bytes at the end of a text to keep back until more is known; without it the manifest's
// max_match.
func (m Moderation) Hold(text, bytes uint32) Moderation {
	m.judged.hold = append(slices.Clip(m.judged.hold), hold{text, bytes})
	return m
}

// Edit replaces bytes [start, end) of the content, which both stand on borders of characters.
func (t Text) Edit(start, end int, replacement string) TextEdit {
	return TextEdit{ID: t.ID, Start: uint32(start), End: uint32(end), Replacement: replacement}
}

// NewFinding is something found: a short fixed word such as email.
func NewFinding(category string) Finding { return Finding{Category: category} }

// InText says in which text.
func (f Finding) InText(text Text) Finding {
	f.Text = &text.ID
	return f
}

// WithScore says how sure it is, 0 to 1.
func (f Finding) WithScore(score float32) Finding {
	f.Score = &score
	return f
}

// WithDetail says more for people; never what was found itself.
func (f Finding) WithDetail(detail string) Finding {
	f.Detail = detail
	return f
}
