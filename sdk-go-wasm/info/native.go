//go:build !wasip1

package info

import "tidegate.dev/plugin/internal/host"

func callAttribute(name string) *string { return host.Current.Attribute(name) }
