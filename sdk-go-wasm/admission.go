package tidegate

import "slices"

// Admission is the answer of [Admitter], made by [Admit] or [Refuse].
type Admission struct {
	verdict admissionVerdict
	err     error
}

// Admit says that it may be spent. Without a ticket nothing is settled.
func Admit() Admission { return Admission{} }

// Refuse says that it may not. status is 400 to 599, code a short word for programs such as quota_exceeded, message a
// sentence for people; none may hold a secret.
func Refuse(status uint16, code, message string) Admission {
	refused := refusal{status: status, code: code, message: message}
	return Admission{verdict: admissionVerdict{tag: admissionVerdictRefused, refused: refused}}
}

// Ticket is, of an admission, what [Settler] is told together with what was used, exactly once.
func (a Admission) Ticket(ticket string) Admission {
	a.verdict.admitted = &ticket
	return a
}

// Header is, of a refusal, a further field of the answer, such as retry-after.
func (a Admission) Header(name, value string) Admission {
	a.verdict.refused.headers = append(slices.Clip(a.verdict.refused.headers), header(name, value))
	return a
}
