package tidegate_test

import (
	"errors"
	"testing"
	"time"

	"tidegate.dev/plugin/http"
	"tidegate.dev/plugin/info"
	"tidegate.dev/plugin/kv"
	"tidegate.dev/plugin/log"
	"tidegate.dev/plugin/metrics"
	"tidegate.dev/plugin/models"
	"tidegate.dev/plugin/secrets"
	"tidegate.dev/plugin/state"
)

// Outside of a gateway, services behave like one that grants nothing.
func TestNothingIsGranted(t *testing.T) {
	_, err := kv.Get("k")
	is(t, err, kv.ErrDenied)
	_, err = kv.Set("k", nil, kv.TTL(time.Second), kv.IfAbsent())
	is(t, err, kv.ErrDenied)
	_, err = kv.Delete("k")
	is(t, err, kv.ErrDenied)
	_, err = kv.Increment("k", 1)
	is(t, err, kv.ErrDenied)
	_, err = http.Send(http.Request{URL: "https://example.com"})
	is(t, err, http.ErrDenied)
	if answers := http.SendAll(http.Request{}, http.Request{}); len(answers) != 2 {
		t.Errorf("%d answers of two requests", len(answers))
	}
	if _, err := secrets.Get("s"); err == nil {
		t.Error("a secret was granted")
	}
	if _, err := models.Ask("r", []byte("{}")); err == nil {
		t.Error("a model was granted")
	}
	metrics.Count("c", 1, "label", "value")
	metrics.Observe("o", 1)
}

func TestNotesAreKept(t *testing.T) {
	if _, is := info.Attribute("path"); is || state.Get("k") != nil {
		t.Error("something is there before")
	}
	if err := state.Set("k", []byte{}); err != nil {
		t.Error(err)
	}
	if note := state.Get("k"); note == nil || len(note) > 0 {
		t.Errorf("the note is %v", note)
	}
	log.Debug("a line", "with", "a field")
	log.Info("a line")
	log.Warn("a line")
	log.Error("a line")
}

func is(t *testing.T, err, wanted error) {
	t.Helper()
	if !errors.Is(err, wanted) {
		t.Errorf("the error is %v, wanted %v", err, wanted)
	}
}
