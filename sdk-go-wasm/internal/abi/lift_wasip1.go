package abi

import "unsafe"

// U8 reads a byte.
func U8(p uint32) uint8 { return *(*uint8)(at(p)) }

// U16 reads a number.
func U16(p uint32) uint16 { return *(*uint16)(at(p)) }

// U32 reads a number.
func U32(p uint32) uint32 { return *(*uint32)(at(p)) }

// U64 reads a number.
func U64(p uint32) uint64 { return *(*uint64)(at(p)) }

// S64 reads a number.
func S64(p uint32) int64 { return *(*int64)(at(p)) }

// F32 reads a number.
func F32(p uint32) float32 { return *(*float32)(at(p)) }

// F64 reads a number.
func F64(p uint32) float64 { return *(*float64)(at(p)) }

// Bool reads a truth value.
func Bool(p uint32) bool { return U8(p) != 0 }

// Nothing reads the value of a result that has none.
func Nothing(uint32) struct{} { return struct{}{} }

// String copies a text.
func String(p uint32) string { return StringAt(U32(p), U32(p+4)) }

// StringAt copies a text of n bytes.
func StringAt(p, n uint32) string {
	if n == 0 {
		return ""
	}
	return string(unsafe.Slice((*byte)(at(p)), n))
}

// Bytes copies bytes; it is never nil.
func Bytes(p uint32) []byte {
	n := U32(p + 4)
	if n == 0 {
		return []byte{}
	}
	return append([]byte(nil), unsafe.Slice((*byte)(at(U32(p))), n)...)
}

// OptionalBytes copies bytes, or is nil where there are none.
func OptionalBytes(p uint32) []byte {
	if U8(p) == 0 {
		return nil
	}
	return Bytes(p + 4)
}

// List copies elements of a size.
func List[T any](p, size uint32, lift func(uint32) T) []T {
	first, list := U32(p), make([]T, U32(p+4))
	for i := range list {
		list[i] = lift(first + uint32(i)*size)
	}
	return list
}

// Option copies a value, or is nil where there is none.
func Option[T any](p, offset uint32, lift func(uint32) T) *T {
	if U8(p) == 0 {
		return nil
	}
	value := lift(p + offset)
	return &value
}

// LiftResult copies a result.
func LiftResult[T, E any](p, offset uint32, ok func(uint32) T, failure func(uint32) E) (result Result[T, E]) {
	if U8(p) == 0 {
		result.Value = ok(p + offset)
		return result
	}
	err := failure(p + offset)
	result.Err = &err
	return result
}
