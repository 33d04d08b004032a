package tidegate

// Headers are the fields of a message: names in lower case, repeated fields repeated, in order.
type Headers []Header

// Get is the value of the first field of that name, or empty. Names are lower case.
func (h Headers) Get(name string) string {
	for _, field := range h {
		if field.Name == name {
			return string(field.Value)
		}
	}
	return ""
}

// Values are the values of all fields of that name, in order.
func (h Headers) Values(name string) []string {
	var values []string
	for _, field := range h {
		if field.Name == name {
			values = append(values, string(field.Value))
		}
	}
	return values
}

func header(name, value string) Header { return Header{name, []byte(value)} }
