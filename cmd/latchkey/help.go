package main

import "strings"

// examples formats command lines as the example block of a command's help. Kong prints indented
// lines as they are.
func examples(commandLines ...string) string {
	heading := "Example:"
	if len(commandLines) > 1 {
		heading = "Examples:"
	}
	return heading + "\n\n    " + strings.Join(commandLines, "\n    ")
}
