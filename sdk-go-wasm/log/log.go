// Package log writes lines into the gateway's log, under the plugin's name. It is always there; lines beyond a limit a call are
// counted, not written.
//
//	log.Info("the quota is spent", "tenant", tenant)
package log

import tidegate "tidegate.dev/plugin"

// Debug writes a line for the author of the plugin. fields are names and values in turn.
func Debug(message string, fields ...string) {
	callWrite(levelDebug, message, tidegate.Pairs(fields...))
}

// Info writes a line that says what was done. fields are names and values in turn.
func Info(message string, fields ...string) { callWrite(levelInfo, message, tidegate.Pairs(fields...)) }

// Warn writes a line that somebody should look at. fields are names and values in turn.
func Warn(message string, fields ...string) { callWrite(levelWarn, message, tidegate.Pairs(fields...)) }

// Error writes a line that says what went wrong. fields are names and values in turn.
func Error(message string, fields ...string) {
	callWrite(levelError, message, tidegate.Pairs(fields...))
}
