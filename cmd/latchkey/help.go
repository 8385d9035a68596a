package main

import (
	"cmp"
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

// ownFlagsFirst lets the help of each command show its own flags before the settings, which many commands have.
func ownFlagsFirst(k *kong.Kong) error {
	for _, command := range k.Model.Leaves(false) {
		slices.SortStableFunc(command.Flags, func(a, b *kong.Flag) int { return cmp.Compare(len(a.Envs), len(b.Envs)) })
	}
	return nil
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
