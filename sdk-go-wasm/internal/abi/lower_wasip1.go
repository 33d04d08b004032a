package abi

import (
	"strings"
	"unicode/utf8"
	"unsafe"
)

// PutU8 writes a byte.
func PutU8(p uint32, v uint8) { *(*uint8)(at(p)) = v }

// PutU16 writes a number.
func PutU16(p uint32, v uint16) { *(*uint16)(at(p)) = v }

// PutU32 writes a number.
func PutU32(p uint32, v uint32) { *(*uint32)(at(p)) = v }

// PutU64 writes a number.
func PutU64(p uint32, v uint64) { *(*uint64)(at(p)) = v }

// PutF32 writes a number.
func PutF32(p uint32, v float32) { *(*float32)(at(p)) = v }

// PutBool writes a truth value.
func PutBool(p uint32, v bool) {
	if v {
		PutU8(p, 1)
	} else {
		PutU8(p, 0)
	}
}

// PutString writes a text.
func PutString(p uint32, v string) {
	first, n := PassString(v)
	PutU32(p, first)
	PutU32(p+4, n)
}

// PutBytes writes bytes.
func PutBytes(p uint32, v []byte) {
	first, n := PassBytes(v)
	PutU32(p, first)
	PutU32(p+4, n)
}

// PutList writes elements of a size and an alignment.
func PutList[T any](p uint32, v []T, size, align uint32, lower func(uint32, T)) {
	first, n := PassList(v, size, align, lower)
	PutU32(p, first)
	PutU32(p+4, n)
}

// PutOption writes a value, or that there is none.
func PutOption[T any](p, offset uint32, v *T, lower func(uint32, T)) {
	if v == nil {
		PutU8(p, 0)
		return
	}
	PutU8(p, 1)
	lower(p+offset, *v)
}

// PassString puts a text into the arena. Go's strings may hold anything; what is no UTF-8 becomes U+FFFD, since the host
// would end the instance over it.
func PassString(v string) (first, n uint32) {
	if !utf8.ValidString(v) {
		v = strings.ToValidUTF8(v, "\uFFFD")
	}
	return PassBytes(unsafe.Slice(unsafe.StringData(v), len(v)))
}

// PassBytes puts bytes into the arena.
func PassBytes(v []byte) (first, n uint32) {
	if len(v) == 0 {
		return 1, 0
	}
	first = Alloc(uint32(len(v)), 1)
	copy(unsafe.Slice((*byte)(at(first)), len(v)), v)
	return first, uint32(len(v))
}

// PassList puts elements into the arena.
func PassList[T any](v []T, size, align uint32, lower func(uint32, T)) (first, n uint32) {
	if len(v) == 0 {
		return align, 0
	}
	first = Alloc(uint32(len(v))*size, align)
	for i, element := range v {
		lower(first+uint32(i)*size, element)
	}
	return first, uint32(len(v))
}

// PassOptionU64 is a number that may be missing, as two values of the core.
func PassOptionU64(v *uint64) (is uint32, value uint64) {
	if v == nil {
		return 0, 0
	}
	return 1, *v
}

// Fail writes an error into an export's answer.
func Fail(answer, p uint32, err error) uint32 {
	PutU8(answer, 1)
	PutString(p, err.Error())
	return answer
}
