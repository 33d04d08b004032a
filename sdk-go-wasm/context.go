package tidegate

// ModelName is the model, and empty where the request names none.
func (c Context) ModelName() string {
	if c.Model == nil {
		return ""
	}
	return *c.Model
}

// Attribute is something that is known of a principal, by its name.
func (p Principal) Attribute(name string) (value string, is bool) {
	for _, attribute := range p.Attributes {
		if attribute.Name == name {
			return attribute.Value, true
		}
	}
	return "", false
}
