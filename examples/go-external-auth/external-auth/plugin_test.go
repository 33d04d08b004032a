package main

import (
	"testing"

	"tidegate.dev/plugin/tidegatetest"
)

func TestCases(t *testing.T) { tidegatetest.Run(t, "cases") }
