package abi

import "unsafe"

// While the host writes a value, this instance may not call out of itself: canonical ABI, "cannot leave component instance".
// Go's allocator does: garbage collection, its assists and the growing of the heap read the clock. So what is handed out to the
// host comes straight from the runtime's source of memory, and no function on that way enters the allocator, can be
// preempted, or grows the stack.
//
// The runtime owns all linear memory in one piece and believes that nobody else grows it, hence its own sbrk. The name
// is reached with the linker's flag -checklinkname=0.
//
//go:linkname sbrk runtime.sbrk
func sbrk(n uintptr) unsafe.Pointer

const (
	page = 64 << 10
	// Each chunk is at least half as long as all before it, so these are more than 4 GiB.
	maxChunks = 40
)

type chunk struct{ base, size uint32 }

// The arena is a list of chunks that is filled from the front and emptied at once. Numbers only: nothing here is a pointer
// that the collector would have to know of.
var (
	chunks  [maxChunks]chunk
	count   int
	current int
	used    uint32
	total   uint32
	// How many are in the middle of copying: a goroutine may be set aside there, and another one come along.
	users int
	// An answer stands in the arena until the host has read it, which is before it writes the next arguments.
	isAnswered bool
)

// Enter keeps what is in the arena, until Leave. It also makes sure of some stack, so that it need not grow while the host
// writes.
func Enter() {
	room()
	users++
}

// Leave empties the arena if nobody else needs what is in it.
//
//go:nosplit
func Leave() {
	users--
	if users == 0 {
		current, used = 0, 0
	}
}

//go:noinline
func room() {
	var stack [2 << 10]byte
	touch(&stack)
}

//go:noinline
//go:nosplit
func touch(*[2 << 10]byte) {}

// Alloc hands out memory of the arena; the caller has entered it.
//
//go:nosplit
func Alloc(size, align uint32) uint32 {
	for {
		if current < count {
			c := chunks[current]
			start := (c.base+used+align-1)&^(align-1) - c.base
			if start+size <= c.size {
				used = start + size
				return c.base + start
			}
			if current+1 < count {
				current++
				used = 0
				continue
			}
		}
		if !grow(size + align) {
			return 0
		}
	}
}

// grow makes the last chunk longer where the runtime continues it, or appends one.
//
//go:nosplit
func grow(size uint32) bool {
	if size > 1<<30 {
		return false
	}
	size = (size + page - 1) &^ (page - 1)
	p := uint32(0)
	if least := total / 2 &^ (page - 1); size < least {
		if p = fresh(least); p != 0 {
			size = least
		}
	}
	if p == 0 {
		p = fresh(size)
	}
	if p == 0 {
		return false
	}
	total += size
	if count > 0 && chunks[count-1].base+chunks[count-1].size == p {
		chunks[count-1].size += size
		return true
	}
	if count == maxChunks {
		return false
	}
	chunks[count] = chunk{p, size}
	current = count
	count++
	used = 0
	return true
}

// fresh is memory that nobody has, or 0.
//
//go:nosplit
func fresh(size uint32) uint32 { return uint32(uintptr(sbrk(uintptr(size)))) }

// realloc is where the host gets memory for what it writes.
//
//go:wasmexport cabi_realloc
//go:nosplit
func realloc(old, oldSize, align, size uint32) uint32 {
	if isAnswered {
		isAnswered = false
		Leave()
	}
	p := Alloc(size, align)
	if p == 0 && size != 0 {
		trap()
	}
	if old != 0 {
		copy(unsafe.Slice((*byte)(at(p)), oldSize), unsafe.Slice((*byte)(at(old)), oldSize))
	}
	return p
}

// reallocAdapter is where the adapter for WASI keeps its state and its stack, for good.
//
//go:wasmexport cabi_realloc_adapter
//go:nosplit
func reallocAdapter(_, _, _, size uint32) uint32 {
	p := fresh((size + page - 1) &^ (page - 1))
	if p == 0 {
		trap()
	}
	return p
}

// trap ends the call and the instance: the host would write to address 0, which is Go's own data. It reads a place that no
// memory has, since a panic would enter Go's allocator.
//
//go:nosplit
func trap() { _ = *(*byte)(at(^uint32(0))) }

// Answer hands out the memory of an export's answer, which stands until the host writes again.
func Answer(size, align uint32) uint32 {
	Enter()
	isAnswered = true
	return Alloc(size, align)
}

//go:nosplit
func at(p uint32) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(nil), p) }
