// Package tidegatetest plays case files against a plugin in go test.
//
//	func TestCases(t *testing.T)     { tidegatetest.Run(t, "cases") }
//	func TestComponent(t *testing.T) { tidegatetest.RunComponent(t, ".") }
//
// [Run] plays them in the test's own process, with services made of the case: fast, with a debugger and coverage. [RunComponent]
// plays the same cases against the component, as the gateway runs it. The format of cases is the same in all languages.
package tidegatetest

import (
	"fmt"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tidegate.dev/plugin/internal/bridge"
	"tidegate.dev/plugin/internal/host"
)

// Run plays every case of a folder against the registered plugin, each as a subtest. The package's plugin.toml stands in the
// folder of the test. The plugin is granted what its manifest asks for, or what a case grants.
//
// It also looks at the methods of the plugin: one that has the name of a hook and another signature fails the test.
//
// Every case has a plugin of its own: a copy of what was registered, as it was before it was first configured.
func Run(t *testing.T, folder string) {
	t.Helper()
	registered := bridge.Registered()
	if registered == nil {
		t.Fatal("no plugin is there; call tidegate.Register in an init function of the package")
	}
	if err := misshapen(registered); err != nil {
		t.Fatal(err)
	}
	manifest, err := readManifest("plugin.toml")
	if err != nil {
		t.Fatal(err)
	}
	cases, err := readCases(folder)
	if err != nil {
		t.Fatal(err)
	}
	fresh := copies(registered)
	services := host.Current
	defer func() {
		bridge.Use(registered)
		host.Current = services
	}()
	for _, one := range cases {
		t.Run(strings.TrimSuffix(one.file, ".json"), func(t *testing.T) {
			bridge.Use(fresh())
			if problem := play(t, one, manifest); problem != "" {
				t.Errorf("case %q, %s", one.name, problem)
			}
		})
	}
}

// RunComponent plays the cases of the package in a folder against its component: it runs "tidegate plugin test", which builds
// the component first. Where that command is not installed the test is skipped.
func RunComponent(t *testing.T, folder string) {
	t.Helper()
	command, err := exec.LookPath("tidegate")
	if err != nil {
		t.Skip("the command \"tidegate\" is not in PATH, so the component was not tested; install the gateway to test it")
	}
	told, err := exec.CommandContext(t.Context(), command, "plugin", "test", folder).CombinedOutput()
	if err != nil {
		t.Fatalf("tidegate plugin test %s: %v\n%s", folder, err, told)
	}
	t.Logf("%s", told)
}

// copies makes plugins like the registered one.
func copies(registered any) func() any {
	of := reflect.ValueOf(registered)
	if of.Kind() != reflect.Pointer {
		return func() any { return registered }
	}
	original := reflect.New(of.Type().Elem())
	original.Elem().Set(of.Elem())
	return func() any {
		made := reflect.New(of.Type().Elem())
		made.Elem().Set(original.Elem())
		return made.Interface()
	}
}

// play is empty where all is as the case says.
func play(t testing.TB, one *caseFile, manifest *manifest) string {
	granted := manifest.asked
	if one.grants != nil {
		granted = one.grants
	}
	if refusal := consent(manifest.asked, granted); refusal != "" {
		return one.refused(refusal)
	}
	services := newServices(t, granted, one)
	host.Current = services
	asked, err := bridge.Configure(written(one.config))
	if err != nil {
		return one.refused("configure failed: " + err.Error())
	}
	shownAsked, err := show(asked)
	if err != nil {
		return one.refused(err.Error())
	}
	ready := shownAsked.(*object)
	if stranger := strange(ready, manifest); stranger != "" {
		return one.refused(stranger)
	}
	if problem := one.checkReady(ready); problem != "" {
		return problem
	}
	for at, step := range one.steps {
		if problem := step.play(ready); problem != "" {
			return fmt.Sprintf("step %d (%s): %s", at+1, step.hook, problem)
		}
	}
	return services.check()
}

// strange tells of a hook that the manifest does not list, and of a header field that cannot be.
func strange(ready *object, manifest *manifest) string {
	for _, hook := range ready.values["hooks"].([]any) {
		if !slices.Contains(manifest.hooks, hook.(string)) {
			return fmt.Sprintf("the plugin subscribes to %q, which \"hooks\" of its manifest does not list", hook)
		}
	}
	if need, is := ready.values["headers"].(*object); is {
		for _, name := range need.values["fields"].([]any) {
			if !fieldName.MatchString(name.(string)) {
				return fmt.Sprintf("it subscribes to the header %q, which is no name of a header field; write it in lower case", name)
			}
		}
	}
	return ""
}

// fieldName is a token (RFC 9110 section 5.6.2) in lower case.
var fieldName = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9a-z]+$")

func (c *caseFile) refused(reason string) string {
	if c.configure != nil {
		if wanted, is := c.configure.values["error"].(string); is {
			if strings.Contains(reason, wanted) {
				return ""
			}
			return fmt.Sprintf("\"configure\": the error differs\n    expected a text with %q\n    got      %q", wanted, reason)
		}
	}
	return "\"configure\": the configuration was refused: " + reason
}

func (c *caseFile) checkReady(ready *object) string {
	if c.configure == nil {
		return ""
	}
	if wanted, is := c.configure.get("error"); is {
		return fmt.Sprintf("\"configure\": the configuration was taken, and an error with %q was expected", wanted)
	}
	got, wanted := newObject(), newObject()
	for _, key := range c.configure.keys {
		got.set(key, inOrder(key, ready.values[key]))
		wanted.set(key, inOrder(key, c.configure.values[key]))
	}
	if text := difference(wanted, got); text != "" {
		return "\"configure\": the subscription differs" + text
	}
	return ""
}

// inOrder sorts the hooks, whose order means nothing.
func inOrder(key string, value any) any {
	list, is := value.([]any)
	if key != "hooks" || !is {
		return value
	}
	return slices.SortedFunc(slices.Values(list), func(one, other any) int {
		return strings.Compare(one.(string), other.(string))
	})
}

func (s step) play(ready *object) string {
	if !slices.Contains(ready.values["hooks"].([]any), any(s.hook)) {
		return "the plugin does not subscribe to this hook, so it is never called"
	}
	answer, err := s.inTime(ready)
	var came *object
	if err == nil {
		came, err = effect(s.hook, s.told, answer)
	}
	switch {
	case err != nil && s.expected.fails && strings.Contains(err.Error(), s.expected.failure):
		return ""
	case err != nil && s.expected.fails:
		return fmt.Sprintf("the plugin failed: %v\n    expected a text with %q", err, s.expected.failure)
	case err != nil:
		return fmt.Sprintf("the plugin failed: %v\n    expected %s", err, written(s.expected.answer))
	case s.expected.fails:
		return fmt.Sprintf("a failure with %q was expected, and the plugin answered %s", s.expected.failure, written(answer))
	}
	if text := difference(s.expected.answer, answer); text != "" {
		return "the answer differs" + text
	}
	return afterDiffers(s.after, came)
}

// inTime holds the deadline. A call that does not end goes on by itself until the test's process ends: Go cannot end it.
func (s step) inTime(ready *object) (any, error) {
	type outcome struct {
		answer any
		err    error
	}
	deadline := integer(s.ctx.values["deadline_ms"])
	answered := make(chan outcome, 1)
	go func() {
		answer, err := s.call(ready)
		answered <- outcome{answer, err}
	}()
	select {
	case of := <-answered:
		return of.answer, of.err
	case <-time.After(time.Duration(deadline) * time.Millisecond):
		return nil, fmt.Errorf("no verdict within %d ms", deadline)
	}
}
