package tidegate

import (
	"errors"
	"reflect"
	"testing"
)

func TestZeroValuesChangeNothing(t *testing.T) {
	same(t, Pass(), Auth{})
	same(t, Admit(), Admission{})
	same(t, Unchanged(), Transform{})
	same(t, Keep(), Events{})
	same(t, Allow(), Moderation{})
	same(t, Redact(), Allow())
}

func TestEditsOfAChangeStayInOrder(t *testing.T) {
	change := Changed().Set("/a", 1).Remove("/b").SetHeader("x", "1").Cluster("c").verdict.changed
	same(t, change.body.edits, []jsonEdit{
		{tag: jsonEditSet, set: jsonSet{"/a", "1"}, insert: jsonSet{"/a", "1"}},
		{tag: jsonEditRemove, remove: "/b"},
	})
	same(t, change.headers, []headerEdit{{tag: headerEditSet, set: header("x", "1")}})
	same(t, *change.cluster, "c")
}

func TestAnotherBodyForgetsTheEdits(t *testing.T) {
	body := Changed().Set("/a", 1).ReplaceBody([]byte("{}")).Set("/b", 2).verdict.changed.body
	same(t, *body, bodyChange{tag: bodyChangeReplace, replace: "{}"})
}

func TestAVerdictIsAValue(t *testing.T) {
	base := Changed().Set("/a", 1)
	one, other := base.Set("/b", 1), base.Set("/c", 1)
	same(t, one.verdict.changed.body.edits[1].set.pointer, "/b")
	same(t, other.verdict.changed.body.edits[1].set.pointer, "/c")
	same(t, len(base.verdict.changed.body.edits), 1)
}

func TestGrant(t *testing.T) {
	granted := Grant("ann").Tenant("acme").Attribute("team", "a").RemoveHeader("authorization").verdict.allow
	same(t, *granted.principal.Tenant, "acme")
	same(t, granted.principal.Attributes, []Pair{{"team", "a"}})
	same(t, granted.headers, []headerEdit{{tag: headerEditRemove, remove: "authorization"}})
	value, is := granted.principal.Attribute("team")
	same(t, value, "a")
	same(t, is, true)
}

func TestFindingsAndHoldsStandBesideAJudgement(t *testing.T) {
	text := Text{ID: 3, Content: "a b"}
	found := NewFinding("x").InText(text).WithScore(0.5).WithDetail("d")
	verdict := Block("no").Findings(found).Hold(3, 7).judged
	same(t, verdict.judgement, judgement{tag: judgementBlock, block: "no"})
	same(t, verdict.hold, []hold{{3, 7}})
	same(t, *verdict.findings[0].Text, uint32(3))
	same(t, text.Edit(0, 1, "*"), TextEdit{ID: 3, Start: 0, End: 1, Replacement: "*"})
}

func TestASubscriptionIsNarrowed(t *testing.T) {
	wants := subscribedTo([]Hook{HookAdmit, HookTransformUpstream, HookCompleted})
	same(t, wants.asked.requestBody, need{tag: needWhole})
	same(t, wants.asked.responseBody, need{tag: needNothing})
	narrowed := wants.Without(HookAdmit).RequestFields("/model").Dialects("anthropic")
	same(t, narrowed.Hooks(), []Hook{HookTransformUpstream, HookCompleted})
	same(t, narrowed.asked.requestBody, need{tag: needFields, fields: []string{"/model"}})
	same(t, wants.Hooks(), []Hook{HookAdmit, HookTransformUpstream, HookCompleted})
}

type moody struct{ configured string }

func (m *moody) Configure(config []byte) error {
	m.configured = string(config)
	if m.configured == "bad" {
		return errors.New("it is bad")
	}
	return nil
}

func (m *moody) ModerateInput(ctx Context, _ []Text) Moderation {
	switch ctx.ModelName() {
	case "fails":
		return Fail[Moderation](errors.New("cannot tell"))
	case "panics":
		panic("out of sorts")
	case "indexes":
		_ = m.configured[len(m.configured)+1:]
	}
	return Allow()
}

func use(t *testing.T, other any) {
	before := plugin
	plugin = other
	t.Cleanup(func() { plugin = before })
}

func TestConfigureSubscribesToWhatIsWritten(t *testing.T) {
	use(t, &moody{})
	asked, err := lifecycleConfigure("{}")
	same(t, err, nil)
	same(t, asked.hooks, []string{"moderate_input"})
	_, err = lifecycleConfigure("bad")
	same(t, err.Error(), "it is bad")
}

func TestFailuresAreErrors(t *testing.T) {
	use(t, &moody{})
	told := func(model string) string {
		_, err := moderationInput(Context{Model: &model}, nil)
		return err.Error()
	}
	same(t, told("fails"), "cannot tell")
	same(t, told("panics"), "panic: out of sorts")
	same(t, told("indexes"), "panic: runtime error: slice bounds out of range [1:0]")
	same(t, Fail[Auth](nil).err != nil, true)
	_, err := moderationOutput(Context{}, nil, true)
	same(t, err.Error(), "the plugin has no hook \"moderate_output\"")
}

func TestOnePluginIsRegistered(t *testing.T) {
	use(t, &moody{})
	defer func() { same(t, recover() != nil, true) }()
	Register(&moody{})
}

func same(t *testing.T, got, wanted any) {
	t.Helper()
	if !reflect.DeepEqual(got, wanted) {
		t.Errorf("got %#v, wanted %#v", got, wanted)
	}
}
