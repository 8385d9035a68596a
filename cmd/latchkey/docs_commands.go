package main

import (
	"strings"

	"github.com/alecthomas/kong"
)

// A command that reads more than manySettings settings is the service or works like it, and reads nearly all. The
// others read far fewer.
const manySettings = 25

// commandsReference is a table of all commands, and a section for each.
func commandsReference(app *kong.Application) string {
	overview := newMarkdownTable("Command", "What it does")
	var sections strings.Builder
	for _, command := range app.Leaves(true) {
		overview.row(link(command.FullPath()), prose(command.Help))
		sections.WriteString("\n" + strings.TrimRight(commandSection(command), "\n") + "\n")
	}
	return overview.String() + sections.String()
}

// link leads to the section of a command on the same page.
func link(command string) string {
	return "[" + code(command) + "](#" + strings.ReplaceAll(command, " ", "-") + ")"
}

func commandSection(command *kong.Node) string {
	var out strings.Builder
	out.WriteString("## " + command.FullPath() + "\n\n" + sentence(command.Help) + "\n\n")
	out.WriteString("```text\n" + synopsis(command) + "\n```\n\n")
	out.WriteString(parameters(command))
	out.WriteString(settingsLine(command))
	out.WriteString(paragraphs(command.Detail))
	return out.String()
}

// synopsis shows how the command is called, without the settings that every command reads.
func synopsis(command *kong.Node) string {
	words := []string{command.FullPath()}
	for _, argument := range command.Positional {
		words = append(words, argument.Summary())
	}
	for _, flag := range ownFlags(command) {
		words = append(words, flagSynopsis(flag))
	}
	if len(settingsOf(command)) > manySettings {
		words = append(words, "[settings]")
	}
	return strings.Join(words, " ")
}

// ownFlags returns the flags of a command that are not settings.
func ownFlags(command *kong.Node) []*kong.Flag {
	var own []*kong.Flag
	for _, flag := range command.Flags {
		if len(flag.Envs) == 0 && !flag.Hidden && flag.Name != "help" {
			own = append(own, flag)
		}
	}
	return own
}

// settingsOf returns the flags of a command that are settings.
func settingsOf(command *kong.Node) []*kong.Flag {
	var settings []*kong.Flag
	for _, flag := range command.Flags {
		if len(flag.Envs) > 0 && !flag.Hidden {
			settings = append(settings, flag)
		}
	}
	return settings
}

func flagSynopsis(flag *kong.Flag) string {
	text := flagName(flag)
	if !flag.IsBool() {
		text += "=" + flag.FormatPlaceHolder()
	}
	if flag.Required {
		return text
	}
	return "[" + text + "]"
}

// parameters is a table of arguments and flags, or empty if there are none.
func parameters(command *kong.Node) string {
	t := newMarkdownTable("Argument or flag", "Default", "Meaning")
	own := ownFlags(command)
	for _, argument := range command.Positional {
		t.parameter("<"+argument.Name+">", argument)
	}
	for _, flag := range own {
		t.parameter(flagName(flag), flag.Value)
	}
	if len(command.Positional)+len(own) == 0 {
		return ""
	}
	return t.String() + "\n"
}

func (t *markdownTable) parameter(name string, v *kong.Value) {
	help, value := helpAndDefault(v)
	if v.Required {
		value = "required"
	}
	t.row(code(name), value, prose(help))
}

// settingsLine names the settings that a command reads.
func settingsLine(command *kong.Node) string {
	settings := settingsOf(command)
	switch {
	case len(settings) == 0:
		return ""
	case len(settings) > manySettings:
		return "Reads all [settings](settings.md).\n\n"
	}
	names := make([]string, len(settings))
	for i, flag := range settings {
		names[i] = code("--" + flag.Name)
	}
	return "Reads the [settings](settings.md) " + strings.Join(names, ", ") + ".\n\n"
}
