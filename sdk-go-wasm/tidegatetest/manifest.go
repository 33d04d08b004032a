package tidegatetest

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// manifest is what a package says of itself, as far as a case needs it.
type manifest struct {
	hooks []string
	asked *object
}

// readManifest reads plugin.toml: of TOML what a manifest is written in, which is tables of texts, numbers, truth values and
// lists of texts.
func readManifest(file string) (*manifest, error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	tables, err := parseTables(string(source))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	made := &manifest{asked: grants("", newObject()).(*object)}
	hooks, _ := tables["plugin"]["hooks"].([]any)
	for _, hook := range hooks {
		name, _ := hook.(string)
		if !slices.Contains(hookNames, name) {
			return nil, fmt.Errorf("%s: unknown hook %q in \"hooks\"; there are %s", file, name, strings.Join(hookNames, ", "))
		}
		made.hooks = append(made.hooks, name)
	}
	for name, value := range tables["capabilities"] {
		made.asked.set(name, value)
	}
	return made, nil
}

func parseTables(source string) (map[string]map[string]any, error) {
	tables, table := map[string]map[string]any{}, ""
	for pending := ""; ; {
		line, rest, more := strings.Cut(source, "\n")
		source = rest
		line = strings.TrimSpace(pending + " " + uncommented(line))
		pending = ""
		name, value, isPair := strings.Cut(line, "=")
		value = strings.TrimSpace(value)
		switch {
		case line == "":
		case line[0] == '[' && strings.HasSuffix(line, "]"):
			table = strings.Trim(line, "[] ")
		case !isPair:
			return nil, fmt.Errorf("the line %q is no key with a value", line)
		case value != "" && value[0] == '[' && !strings.HasSuffix(value, "]") && more:
			pending = line
		default:
			read, err := parseToml(value)
			if err != nil && (table == "plugin" || table == "capabilities") {
				return nil, fmt.Errorf("the value of %q cannot be read: %w", strings.TrimSpace(name), err)
			}
			if tables[table] == nil {
				tables[table] = map[string]any{}
			}
			tables[table][strings.TrimSpace(name)] = read
		}
		if !more {
			return tables, nil
		}
	}
}

// parseToml reads a value. What a manifest has of TOML is JSON, but for texts in single quotes and a comma at the end.
func parseToml(value string) (any, error) {
	value = requoted(value)
	if inside, is := strings.CutSuffix(value, "]"); is {
		value = strings.TrimSuffix(strings.TrimSpace(inside), ",") + "]"
	}
	return parse(value)
}

// requoted writes texts in single quotes, in which nothing is escaped, as JSON does.
func requoted(value string) string {
	var made strings.Builder
	for rest := value; rest != ""; {
		at := strings.IndexAny(rest, "\"'")
		if at < 0 {
			return made.String() + rest
		}
		quote := rest[at]
		end := closing(rest[at+1:], quote)
		made.WriteString(rest[:at])
		if inside := rest[at+1 : at+1+end]; quote == '\'' {
			made.WriteString(written(inside))
		} else {
			made.WriteString("\"" + inside + "\"")
		}
		rest = rest[min(at+end+2, len(rest)):]
	}
	return made.String()
}

// closing is where a text ends.
func closing(text string, quote byte) int {
	for at := 0; at < len(text); at++ {
		switch {
		case text[at] == quote:
			return at
		case text[at] == '\\' && quote == '"':
			at++
		}
	}
	return len(text)
}

func uncommented(line string) string {
	for at := 0; at < len(line); at++ {
		switch line[at] {
		case '#':
			return line[:at]
		case '"', '\'':
			at += closing(line[at+1:], line[at]) + 1
		}
	}
	return line
}

// consent tells why a gateway does not load the plugin: a manifest asks, the operator grants exactly that.
func consent(asked, granted *object) string {
	if text := missing(asked, granted); text != "" {
		return fmt.Sprintf("its manifest asks for %s, which \"grants\" does not give; grant it, or use another plugin", text)
	}
	if text := missing(granted, asked); text != "" {
		return fmt.Sprintf("\"grants\" gives %s, which its manifest does not ask for; remove it from \"grants\"", text)
	}
	return ""
}

func missing(wanted, given *object) string {
	var names []string
	for _, name := range []string{"kv", "metrics"} {
		if wanted.values[name] == true && given.values[name] != true {
			names = append(names, name+": true")
		}
	}
	for _, name := range []string{"http", "secrets", "models"} {
		there, _ := given.values[name].([]any)
		for _, one := range wanted.values[name].([]any) {
			if !slices.Contains(there, one) {
				names = append(names, fmt.Sprintf("%s: %q", name, one))
			}
		}
	}
	return strings.Join(names, ", ")
}
