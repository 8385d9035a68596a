package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker in release builds.
var version = "development"

type versionCommand struct{}

func (versionCommand) Help() string { return examples("latchkey version") }

// Run prints the version, the revision, and the Go release and platform of this build.
func (versionCommand) Run(std stdio) error {
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				revision = " " + setting.Value
			}
		}
	}
	_, err := fmt.Fprintf(std.out, "latchkey %s%s %s %s/%s\n", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
