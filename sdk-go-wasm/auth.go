package tidegate

import "slices"

// Auth is the answer of [Authenticator], made by [Pass], [Grant] or [Deny]. What a method adds that belongs to another
// verdict has no effect.
type Auth struct {
	verdict authVerdict
	err     error
}

// Pass says that no credential of this plugin's kind is here: the next filter is asked. A request that nobody grants is a 401.
func Pass() Auth { return Auth{} }

// Grant says that the credential is good, and that this is who calls.
func Grant(id string) Auth {
	return Auth{verdict: authVerdict{tag: authVerdictAllow, allow: grant{principal: Principal{ID: id}}}}
}

// Deny says that the credential is of this plugin's kind, and wrong. status is 400 to 599, code a short word for programs,
// message a sentence for people; none may hold a secret.
func Deny(status uint16, code, message string) Auth {
	return Auth{verdict: authVerdict{tag: authVerdictDeny, deny: refusal{status: status, code: code, message: message}}}
}

// Tenant is, of a grant, the tenant that the principal belongs to.
func (a Auth) Tenant(tenant string) Auth {
	a.verdict.allow.principal.Tenant = &tenant
	return a
}

// Attribute is, of a grant, something else that is known of the principal.
func (a Auth) Attribute(name, value string) Auth {
	principal := &a.verdict.allow.principal
	principal.Attributes = append(slices.Clip(principal.Attributes), Pair{name, value})
	return a
}

// SetHeader replaces, of a grant, all fields of this name in the request.
func (a Auth) SetHeader(name, value string) Auth {
	return a.edit(headerEdit{tag: headerEditSet, set: header(name, value)})
}

// AddHeader appends, of a grant, a field to the request.
func (a Auth) AddHeader(name, value string) Auth {
	return a.edit(headerEdit{tag: headerEditAdd, add: header(name, value)})
}

// RemoveHeader removes, of a grant, all fields of this name from the request.
func (a Auth) RemoveHeader(name string) Auth {
	return a.edit(headerEdit{tag: headerEditRemove, remove: name})
}

// Header is, of a denial, a further field of the answer, such as www-authenticate.
func (a Auth) Header(name, value string) Auth {
	a.verdict.deny.headers = append(slices.Clip(a.verdict.deny.headers), header(name, value))
	return a
}

func (a Auth) edit(edit headerEdit) Auth {
	a.verdict.allow.headers = append(slices.Clip(a.verdict.allow.headers), edit)
	return a
}
