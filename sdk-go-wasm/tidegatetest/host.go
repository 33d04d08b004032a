package tidegatetest

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"

	"tidegate.dev/plugin/internal/host"
)

const (
	mostNotes = 16 << 10
	mostKey   = 512
	mostValue = 64 << 10
)

// slot is a key of the store. It stays known once its value is gone, so that no version comes twice.
type slot struct {
	value   []byte
	isThere bool
	version uint64
	ttlMs   *uint64
}

func (s *slot) put(value []byte, ttlMs *uint64) uint64 {
	s.version++
	s.value, s.isThere, s.ttlMs = append([]byte{}, value...), true, ttlMs
	return s.version
}

// services are those of one case, and what became of them.
type caseServices struct {
	t          testing.TB
	granted    *object
	attributes *object
	told       *object
	notes      map[string][]byte
	keys       []string
	store      map[string]*slot
	exchanges  []any
	questions  []any
	strangers  []any
	metrics    []any
}

func newServices(t testing.TB, granted *object, of *caseFile) *caseServices {
	made := &caseServices{
		t: t, granted: granted, attributes: of.attributes, told: of.services, notes: map[string][]byte{},
		store: map[string]*slot{}, exchanges: append([]any{}, of.services.values["http"].([]any)...),
		questions: append([]any{}, of.services.values["models"].([]any)...), metrics: []any{},
	}
	stored := of.services.values["kv"].(*object)
	for _, key := range stored.keys {
		made.slot(key).put(content(stored.values[key]), nil)
	}
	return made
}

func (s *caseServices) slot(key string) *slot {
	if s.store[key] == nil {
		s.store[key] = &slot{}
		s.keys = append(s.keys, key)
	}
	return s.store[key]
}

func (s *caseServices) isGranted(list, name string) bool {
	for _, one := range s.granted.values[list].([]any) {
		if one == name {
			return true
		}
	}
	return false
}

// Attribute is of the request.
func (s *caseServices) Attribute(name string) *string {
	return orNil[string](s.attributes.values[name])
}

// Note is of the request.
func (s *caseServices) Note(key string) []byte { return s.notes[key] }

// SetNote fails where the notes would be too long.
func (s *caseServices) SetNote(key string, value []byte) *host.Failure {
	size := len(key) + len(value)
	for other, note := range s.notes {
		if other != key {
			size += len(other) + len(note)
		}
	}
	if size > mostNotes {
		return &host.Failure{Kind: "full"}
	}
	s.notes[key] = append([]byte{}, value...)
	return nil
}

// Log writes into the test's own log.
func (s *caseServices) Log(level, message string, fields []host.Pair) {
	s.t.Logf("[%s] %s %v", level, message, fields)
}

// Count is noted where metrics are granted.
func (s *caseServices) Count(name string, by float64, labels []host.Pair) {
	s.metric("count", name, "by", by, labels)
}

// Observe is noted where metrics are granted.
func (s *caseServices) Observe(name string, value float64, labels []host.Pair) {
	s.metric("observe", name, "value", value, labels)
}

func (s *caseServices) metric(kind, name, what string, value float64, labels []host.Pair) {
	if s.granted.values["metrics"] != true {
		return
	}
	named, inside, metric := newObject(), newObject(), newObject()
	for _, label := range labels {
		named.set(label.Name, label.Value)
	}
	inside.set("name", name)
	inside.set(what, json.Number(strconv.FormatFloat(value, 'g', -1, 64)))
	inside.set("labels", named)
	metric.set(kind, inside)
	s.metrics = append(s.metrics, metric)
}

// Secret is one that is granted and has a value.
func (s *caseServices) Secret(name string) (string, *host.Failure) {
	if !s.isGranted("secrets", name) {
		return "", notGranted("secret %q is not granted; the operator must list it under \"grants\"", name)
	}
	secret, is := s.told.values["secrets"].(*object).values[name].(string)
	if !is {
		return "", notGranted("secret %q has no value; the operator must set it under \"secrets\"", name)
	}
	return secret, nil
}

// refused tells why the store gives nothing.
func (s *caseServices) refused(key string, size int) *host.Failure {
	if s.granted.values["kv"] != true {
		return &host.Failure{Kind: "denied"}
	}
	if len(key) > mostKey || size > mostValue {
		return &host.Failure{Kind: "too_large"}
	}
	if down, is := s.told.values["kv_error"].(string); is {
		return unavailable(down)
	}
	return nil
}

func unavailable(cause string) *host.Failure {
	return &host.Failure{Kind: "unavailable", Text: cause}
}

// Get reads the store.
func (s *caseServices) Get(key string) ([]byte, uint64, *host.Failure) {
	if refused := s.refused(key, 0); refused != nil {
		return nil, 0, refused
	}
	at := s.slot(key)
	if !at.isThere {
		return nil, 0, nil
	}
	return at.value, at.version, nil
}

// Set writes into the store.
func (s *caseServices) Set(key string, value []byte, ttlMs, ifVersion *uint64) (*uint64, *host.Failure) {
	if refused := s.refused(key, len(value)); refused != nil {
		return nil, refused
	}
	at := s.slot(key)
	there := uint64(0)
	if at.isThere {
		there = at.version
	}
	if ifVersion != nil && *ifVersion != there {
		return nil, nil
	}
	return new(at.put(value, ttlMs)), nil
}

// Delete takes a value away.
func (s *caseServices) Delete(key string) (bool, *host.Failure) {
	if refused := s.refused(key, 0); refused != nil {
		return false, refused
	}
	at := s.slot(key)
	was := at.isThere
	at.value, at.isThere = nil, false
	return was, nil
}

// Increment adds to a number of the store.
func (s *caseServices) Increment(key string, by int64, ttlMs *uint64) (int64, *host.Failure) {
	if refused := s.refused(key, 0); refused != nil {
		return 0, refused
	}
	at, there := s.slot(key), int64(0)
	if at.isThere {
		number, err := strconv.ParseInt(string(at.value), 10, 64)
		if err != nil {
			return 0, unavailable("the value is no number")
		}
		there, ttlMs = number, at.ttlMs
	}
	if by > 0 && there > math.MaxInt64-by || by < 0 && there < math.MinInt64-by {
		return 0, unavailable("the sum is too large")
	}
	at.put([]byte(strconv.FormatInt(there+by, 10)), ttlMs)
	return there + by, nil
}
