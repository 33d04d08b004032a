// Package host is what stands in the gateway's place where there is none: in go test.
package host

// Pair is a name and its value.
type Pair = struct{ Name, Value string }

// Failure is why a service gave nothing: denied, too_large, timeout, full, unavailable, failed; Text says more.
type Failure struct{ Kind, Text string }

// Request is a request to a named host. TimeoutMs is nil where the plugin sets none.
type Request struct {
	Method, URL string
	Headers     []Pair
	Body        []byte
	TimeoutMs   *uint32
}

// Reply is what the named host answered.
type Reply struct {
	Status  uint16
	Headers []Pair
	Body    []byte
}

// Services is what a gateway offers.
type Services interface {
	Attribute(name string) *string
	Note(key string) []byte
	SetNote(key string, value []byte) *Failure
	Log(level, message string, fields []Pair)
	Count(name string, by float64, labels []Pair)
	Observe(name string, value float64, labels []Pair)
	Secret(name string) (string, *Failure)
	Get(key string) (value []byte, version uint64, err *Failure)
	Set(key string, value []byte, ttlMs, ifVersion *uint64) (*uint64, *Failure)
	Delete(key string) (bool, *Failure)
	Increment(key string, by int64, ttlMs *uint64) (int64, *Failure)
	Send(request Request) (Reply, *Failure)
	Ask(route, body string) (string, *Failure)
}

// Current is the gateway of this process.
var Current Services = &Nothing{}
