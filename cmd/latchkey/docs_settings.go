package main

import (
	"regexp"
	"strings"

	"github.com/alecthomas/kong"
)

// setting is one row of the tables of settings.
type setting struct {
	group, variable, flag, value, help string
}

// environmentOnly are the settings without a flag, because flags appear in the list of processes.
var environmentOnly = []setting{
	{group: "Environment only", variable: "LATCHKEY_SECRET", value: "none; made in development", help: "The master secret, at least 32 bytes; several separated by commas, newest first."},
	{group: "Environment only", variable: "LATCHKEY_SMTP_PASSWORD", value: "none", help: "The password for `LATCHKEY_SMTP_USERNAME`."},
}

// settingsReference has a table for each group of settings.
func settingsReference(app *kong.Application) string {
	var titles []string
	tables := map[string]*markdownTable{}
	for _, s := range append(allSettings(app), environmentOnly...) {
		if tables[s.group] == nil {
			titles, tables[s.group] = append(titles, s.group), newMarkdownTable("Variable", "Flag", "Default", "Meaning")
		}
		tables[s.group].row(code(s.variable), code(s.flag), s.value, prose(s.help))
	}
	sections := make([]string, len(titles))
	for i, title := range titles {
		sections[i] = "### " + title + "\n\n" + tables[title].String()
	}
	return strings.Join(sections, "\n")
}

// allSettings returns the settings of all commands, each once and those of the service first.
func allSettings(app *kong.Application) []setting {
	var all []setting
	seen := map[string]bool{}
	for _, command := range serveFirst(app) {
		for _, flag := range settingsOf(command) {
			if !seen[flag.Envs[0]] {
				seen[flag.Envs[0]] = true
				all = append(all, settingOf(flag))
			}
		}
	}
	return all
}

// serveFirst returns all commands, `serve` before the others.
func serveFirst(app *kong.Application) []*kong.Node {
	var serve, others []*kong.Node
	for _, command := range app.Leaves(true) {
		if command.Name == "serve" {
			serve = append(serve, command)
		} else {
			others = append(others, command)
		}
	}
	return append(serve, others...)
}

func groupTitle(flag *kong.Flag) string {
	if flag.Group == nil {
		return "General"
	}
	return flag.Group.Title
}

func settingOf(flag *kong.Flag) setting {
	help, value := helpAndDefault(flag.Value)
	return setting{group: groupTitle(flag), variable: flag.Envs[0], flag: flagName(flag), value: value, help: help}
}

// flagName shows how a flag is written: --[no-]signup for one that can be negated.
func flagName(flag *kong.Flag) string {
	if flag.Tag.Negatable != "" {
		return "--[no-]" + flag.Name
	}
	return "--" + flag.Name
}

// defaultSentence matches how a help string ends with its default.
var defaultSentence = regexp.MustCompile(`(?i)\s*\(?\bdefault: (.+?)\.?\)?\.?$`)

// helpAndDefault splits the help of a flag or an argument into its meaning and its default.
func helpAndDefault(v *kong.Value) (help, value string) {
	help, value = v.Help, "none"
	if match := defaultSentence.FindStringSubmatch(help); match != nil {
		help, value = strings.TrimSuffix(help, match[0]), prose(match[1])
	}
	switch {
	case v.HasDefault && v.Default != "":
		value = code(v.Default)
	case v.IsBool() && value == "none":
		value = code("false")
	}
	return help, value
}
