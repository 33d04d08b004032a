package tidegatetest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// caseFile is a case that was read and whose every key is known.
type caseFile struct {
	file       string
	name       string
	config     any
	grants     *object
	attributes *object
	services   *object
	configure  *object
	steps      []step
}

// step is one call of the plugin.
type step struct {
	hook     string
	ctx      *object
	told     *object
	expected expected
	after    *object
}

// readCases reads every case of a folder, in the order of the names. A folder without one is an error: a test must not pass
// because it looks into the wrong folder.
func readCases(folder string) ([]*caseFile, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("%q has no file that ends in \".json\"; a case is one such file", folder)
	}
	slices.Sort(files)
	var cases []*caseFile
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		one, err := readCase(filepath.Base(file), string(source))
		if err != nil {
			return nil, err
		}
		cases = append(cases, one)
	}
	return cases, nil
}

// readCase reads the text of a case; file is its name in errors.
func readCase(file, source string) (made *caseFile, err error) {
	source = strings.TrimPrefix(source, "\ufeff")
	tree, err := parse(source)
	if err != nil {
		return nil, fmt.Errorf("%s: no JSON: %w", file, err)
	}
	defer func() {
		if reason := recover(); reason != nil {
			wrong, is := reason.(wrong)
			if !is {
				panic(reason)
			}
			if wrong.place == "" {
				wrong.place = "the case"
			}
			err = fmt.Errorf("%s: %w", file, wrong)
		}
	}()
	read := caseKeys("", tree).(*object)
	made = &caseFile{
		file: file, name: read.values["name"].(string), config: read.values["config"],
		attributes: read.values["attributes"].(*object), services: read.values["services"].(*object),
	}
	made.grants, _ = read.values["grants"].(*object)
	made.configure, _ = read.values["configure"].(*object)
	steps := read.values["steps"].([]any)
	made.check(steps)
	id := requestID(steps)
	for at, one := range steps {
		made.steps = append(made.steps, readStep(fmt.Sprintf("steps[%d]", at), one, id))
	}
	return made, nil
}

func (c *caseFile) check(steps []any) {
	if c.configure == nil {
		if len(steps) == 0 {
			panic(wrong{"steps", `is empty; add a step, or say in "configure" what comes of the configuration`})
		}
		return
	}
	if _, refused := c.configure.get("error"); refused {
		if len(c.configure.keys) > 1 {
			panic(wrong{"configure", `has "error" and a subscription; keep one`})
		}
		if len(steps) > 0 {
			panic(wrong{"steps", "has steps after a refused configuration; take them away"})
		}
	}
}

func readStep(place string, value any, id string) step {
	read := stepKeys(place, value).(*object)
	if read.values["split"] != nil {
		panic(wrong{place + ".split", `streams cannot be played yet; take "split" away and give the whole texts`})
	}
	hook := read.values["hook"].(string)
	ctx := read.values["ctx"].(*object)
	ctx.set("request_id", id)
	told := toldKeys[hook](place+".in", read.values["in"]).(*object)
	if texts, is := told.values["texts"].([]any); is {
		numbered(texts)
	}
	_, isGiven := value.(*object).get("out")
	out := expectedOf(hook, place+".out", read.values["out"], isGiven)
	return step{hook: hook, ctx: ctx, told: told, expected: out, after: read.values["after"].(*object)}
}

// requestID is one for all steps: a case is one request.
func requestID(steps []any) string {
	found := ""
	for at, one := range steps {
		of, _ := one.(*object)
		if of == nil {
			continue
		}
		ctx, _ := of.values["ctx"].(*object)
		if ctx == nil {
			continue
		}
		id, is := ctx.values["request_id"].(string)
		if is && found != "" && id != found {
			problem := fmt.Sprintf("is %q where an earlier step has %q; a case is one request", id, found)
			panic(wrong{fmt.Sprintf("steps[%d].ctx.request_id", at), problem})
		}
		if is {
			found = id
		}
	}
	if found == "" {
		return "request-1"
	}
	return found
}
