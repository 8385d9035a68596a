package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// unreleased is the version of builds other than releases.
const unreleased = "development"

// version is set by the linker in release builds.
var version = unreleased

type versionCommand struct{}

func (versionCommand) Help() string { return examples("latchkey version") }

// Run prints the version, the revision, and the Go release and platform of this build.
func (versionCommand) Run(std stdio) error {
	build := version
	if r := revision(); r != "" {
		build += " " + r
	}
	_, err := fmt.Fprintf(std.out, "latchkey %s %s %s/%s\n", build, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// revision returns the commit of this build, or nothing if it is unknown.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return ""
}
