package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is the detail of `latchkey completion --help`.
func (*completionCommand) Help() string {
	return "Print a script that completes commands, flags and their values. Load it when the shell starts.\n\n" + examples(
		"latchkey completion bash > ~/.local/share/bash-completion/completions/latchkey",
		"latchkey completion zsh > ~/.zsh/completions/_latchkey",
		"latchkey completion fish > ~/.config/fish/completions/latchkey.fish",
	)
}

// completionScripts ask the program for the candidates, so that they fit its version. The words go behind
// --, and the last one is the one to complete.
var completionScripts = map[string]string{
	"bash": `_latchkey() {
	local IFS=$'\n'
	COMPREPLY=($(latchkey complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | grep -v '^$'))
	if [ ${#COMPREPLY[@]} -eq 0 ]; then compopt -o default; fi
}
complete -F _latchkey latchkey
`,
	"zsh": `#compdef latchkey
_latchkey() {
	local -a candidates
	candidates=(${(f)"$(latchkey complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
	if (( ${#candidates} )); then compadd -- $candidates; else _files; fi
}
if [ "$funcstack[1]" = "_latchkey" ]; then _latchkey "$@"; else compdef _latchkey latchkey; fi
`,
	"fish": `function __latchkey
	set -l words (commandline -opc) (commandline -ct)
	latchkey complete -- $words[2..] 2>/dev/null
end
complete -c latchkey -n 'test -n "$(__latchkey)"' -f -a '(__latchkey)'
`,
}

// Run prints the script.
func (c *completionCommand) Run(std stdio) error {
	_, err := fmt.Fprint(std.out, completionScripts[c.Shell])
	return err
}

// completeCommand prints the candidates for a word. The scripts of completionCommand call it.
type completeCommand struct {
	Words []string `arg:"" optional:"" passthrough:""`
}

// Run prints one candidate a line.
func (c *completeCommand) Run(parsed *kong.Context, std stdio) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	for _, candidate := range candidates(parsed.Model.Node, words) {
		if _, err := fmt.Fprintln(std.out, candidate); err != nil {
			return err
		}
	}
	return nil
}

// candidates returns what the last of the words can be, after the others.
func candidates(node *kong.Node, words []string) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	before, last := words[:len(words)-1], words[len(words)-1]
	var flag *kong.Flag // whose value comes next
	positional := 0
	for _, word := range before {
		child := childNamed(node, word)
		switch {
		case flag != nil:
			flag = nil
		case strings.HasPrefix(word, "-"):
			flag = flagWithValue(node, word)
		case child != nil:
			node, positional = child, 0
		default:
			positional++
		}
	}
	var all []string
	switch {
	case flag != nil:
		all = values(flag.Value)
	case strings.HasPrefix(last, "-"):
		all = flagNames(node)
	case positional == 0:
		all = append(childNames(node), values(positionalAt(node, 0))...)
	default:
		all = values(positionalAt(node, positional))
	}
	return slices.DeleteFunc(all, func(candidate string) bool { return !strings.HasPrefix(candidate, last) })
}

func childNamed(node *kong.Node, name string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

func childNames(node *kong.Node) []string {
	var names []string
	for _, child := range node.Children {
		if !child.Hidden {
			names = append(names, child.Name)
		}
	}
	return names
}

func positionalAt(node *kong.Node, i int) *kong.Value {
	if i < len(node.Positional) {
		return node.Positional[i]
	}
	return nil
}

// values returns what a flag or an argument can be, if that is a fixed list.
func values(v *kong.Value) []string {
	if v == nil || v.Enum == "" {
		return nil
	}
	return v.EnumSlice()
}

// flagWithValue returns the flag that a word names if its value is the next word.
func flagWithValue(node *kong.Node, word string) *kong.Flag {
	for _, flag := range flagsOf(node) {
		if (word == "--"+flag.Name || flag.Short != 0 && word == "-"+string(flag.Short)) && !flag.IsBool() {
			return flag
		}
	}
	return nil
}

func flagNames(node *kong.Node) []string {
	var names []string
	for _, flag := range flagsOf(node) {
		names = append(names, "--"+flag.Name)
		if flag.Tag.Negatable != "" {
			names = append(names, "--no-"+flag.Name)
		}
	}
	slices.Sort(names)
	return names
}

// flagsOf returns the flags that a command accepts.
func flagsOf(node *kong.Node) []*kong.Flag {
	var all []*kong.Flag
	for _, group := range node.AllFlags(true) {
		all = append(all, group...)
	}
	return all
}
