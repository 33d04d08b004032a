//go:build !wasip1

package metrics

import (
	tidegate "tidegate.dev/plugin"
	"tidegate.dev/plugin/internal/host"
)

func callCount(name string, by float64, labels []tidegate.Pair) {
	host.Current.Count(name, by, plain(labels))
}

func callObserve(name string, value float64, labels []tidegate.Pair) {
	host.Current.Observe(name, value, plain(labels))
}

func plain(labels []tidegate.Pair) []host.Pair {
	plain := make([]host.Pair, 0, len(labels))
	for _, label := range labels {
		plain = append(plain, host.Pair(label))
	}
	return plain
}
