package main

import "strings"

// markdownTable is a table of GitHub Flavored Markdown.
type markdownTable struct{ strings.Builder }

func newMarkdownTable(header ...string) *markdownTable {
	t := &markdownTable{}
	t.row(header...)
	t.row(strings.Split(strings.Repeat("---,", len(header)-1)+"---", ",")...)
	return t
}

// row adds a row. A pipe would end its cell.
func (t *markdownTable) row(cells ...string) {
	for _, cell := range cells {
		t.WriteString("| " + strings.ReplaceAll(cell, "|", `\|`) + " ")
	}
	t.WriteString("|\n")
}

// code formats text as code, and nothing as nothing.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

var proseEscapes = strings.NewReplacer("<", "&lt;", "*", `\*`)

// prose escapes what Markdown would not show as it is. Text between backticks is code already.
func prose(text string) string {
	parts := strings.Split(text, "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = proseEscapes.Replace(parts[i])
	}
	return strings.Join(parts, "`")
}

// paragraphs formats the detailed help of a command: text as it is, indented lines as code.
func paragraphs(help string) string {
	var out strings.Builder
	before := "" // the kind of the line before: text, code or none
	for line := range strings.Lines(help + "\n\n") {
		line = strings.TrimRight(line, " \t\n")
		text := strings.TrimLeft(line, " \t")
		kind := ""
		switch {
		case text != line:
			kind = "code"
		case text != "":
			kind, text = "text", prose(text)
		}
		out.WriteString(between(before, kind))
		if kind == "code" {
			text = "$ " + text // a test checks that they parse, none runs them
		}
		if kind != "" {
			out.WriteString(text + "\n")
		}
		before = kind
	}
	return out.String()
}

// between is what separates two lines of help.
func between(before, after string) string {
	text := ""
	if before != after && before == "code" {
		text = "```\n"
	}
	if before != after && before != "" {
		text += "\n"
	}
	if before != after && after == "code" {
		text += "```console\n"
	}
	return text
}
