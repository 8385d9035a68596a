package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// examples formats command lines as the example block of a command's help. Kong prints indented
// lines as they are.
func examples(commandLines ...string) string {
	heading := "Example:"
	if len(commandLines) > 1 {
		heading = "Examples:"
	}
	return heading + "\n\n    " + strings.Join(commandLines, "\n    ")
}

// helpAsFlag makes `latchkey help user create` the same as `latchkey user create --help`.
func helpAsFlag(args []string) []string {
	if len(args) == 0 || args[0] != "help" {
		return args
	}
	return append(slices.Clone(args[1:]), "--help")
}

// helpFor returns the command that shows the help of the command that could not be parsed.
func helpFor(err error) string {
	var failed *kong.ParseError
	if errors.As(err, &failed) && failed.Context.Selected() != nil {
		return failed.Context.Selected().FullPath() + " --help"
	}
	return "latchkey --help"
}
