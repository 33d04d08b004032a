// A plugin that works Go's allocator and scheduler in every call, and keeps what it was given to see that nobody writes over it.
//
// What it looks for: a garbage collection, a timer or a goroutine that runs while the host writes arguments or results, and
// texts that point into memory which the next call uses again. Played some hundred thousand times, with memory flat.
package main

import (
	"errors"
	"hash/crc32"
	"runtime"
	"strconv"
	"sync"
	"time"

	tidegate "tidegate.dev/plugin"
	"tidegate.dev/plugin/info"
	"tidegate.dev/plugin/state"
)

// remembered is how many bodies are kept, and looked at again before they go.
const remembered = 64

type kept struct {
	text string
	sum  uint32
}

type stress struct {
	calls  int
	bodies [remembered]kept
	index  map[string]int
	mutex  sync.Mutex
	ticks  int
}

func (s *stress) Configure([]byte) error {
	s.index = map[string]int{}
	go func() {
		for range time.Tick(time.Millisecond) {
			s.mutex.Lock()
			s.ticks += len(make([]byte, 4096)) / 4096
			s.mutex.Unlock()
			_, _ = info.Attribute("path")
		}
	}()
	return nil
}

func (s *stress) TransformRequest(ctx tidegate.Context, _ tidegate.Headers, body tidegate.Body) tidegate.Transform {
	text := string(body.JSON())
	if err := s.remember(text); err != nil {
		return tidegate.Fail[tidegate.Transform](err)
	}
	if err := s.note(ctx.RequestID, text); err != nil {
		return tidegate.Fail[tidegate.Transform](err)
	}
	sum := s.scattered(text)
	return tidegate.Changed().Set("/sum", sum).SetHeader("x-calls", strconv.Itoa(s.calls))
}

func (s *stress) ModerateInput(_ tidegate.Context, texts []tidegate.Text) tidegate.Moderation {
	s.calls++
	var edits []tidegate.TextEdit
	for _, text := range texts {
		if err := s.remember(text.Content); err != nil {
			return tidegate.Fail[tidegate.Moderation](err)
		}
		edits = append(edits, text.Edit(0, len(text.Content), strconv.Itoa(int(crc32.ChecksumIEEE([]byte(text.Content))))))
	}
	if s.calls%16 == 0 {
		time.Sleep(10 * time.Microsecond)
	}
	return tidegate.Redact(edits...)
}

// remember keeps a text in the place of an old one, which must still be what it was.
func (s *stress) remember(text string) error {
	s.calls++
	place := &s.bodies[s.calls%remembered]
	if crc32.ChecksumIEEE([]byte(place.text)) != place.sum {
		return errors.New("a text of an earlier call was written over")
	}
	*place = kept{text, crc32.ChecksumIEEE([]byte(text))}
	s.index["call "+strconv.Itoa(s.calls%1000)] = s.calls
	if s.calls%500 == 0 {
		big := make([]byte, 4<<20)
		big[len(big)-1] = 1
	}
	if s.calls%5000 == 0 {
		runtime.GC()
	}
	return nil
}

// note has the host write results in the middle of a call.
func (s *stress) note(key, text string) error {
	value := []byte(text[:min(1024, len(text))])
	if err := state.Set(key, value); err != nil {
		return err
	}
	if string(state.Get(key)) != string(value) {
		return errors.New("a note is not what was noted")
	}
	return nil
}

// scattered adds up parts of a text in goroutines, each of which asks the host for something.
func (s *stress) scattered(text string) uint64 {
	const parts = 4
	var group sync.WaitGroup
	var sums [parts]uint64
	for part := range parts {
		group.Go(func() {
			from, to := part*len(text)/parts, (part+1)*len(text)/parts
			for _, letter := range []byte(text[from:to]) {
				sums[part] += uint64(letter)
			}
			_, _ = info.Attribute("method")
			runtime.Gosched()
		})
	}
	group.Wait()
	var sum uint64
	for _, one := range sums {
		sum += one
	}
	return sum
}

func init() { tidegate.Register(&stress{}) }

func main() {}
