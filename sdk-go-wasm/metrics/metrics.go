// Package metrics has series of the plugin's own, as tidegate_plugin_custom_*. Needs the capability metrics.
//
//	metrics.Count("refused_total", 1, "reason", "quota")
package metrics

import tidegate "tidegate.dev/plugin"

// Count adds to a counter. labels are names and values in turn.
func Count(name string, by float64, labels ...string) { callCount(name, by, tidegate.Pairs(labels...)) }

// Observe puts a value into a histogram. labels are names and values in turn.
func Observe(name string, value float64, labels ...string) {
	callObserve(name, value, tidegate.Pairs(labels...))
}
