//go:build !wasip1

package log

import (
	tidegate "tidegate.dev/plugin"
	"tidegate.dev/plugin/internal/host"
)

func callWrite(level level, message string, fields []tidegate.Pair) {
	name := [...]string{"debug", "info", "warn", "error"}[level]
	plain := make([]host.Pair, 0, len(fields))
	for _, field := range fields {
		plain = append(plain, host.Pair(field))
	}
	host.Current.Log(name, message, plain)
}
