package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

type manCommand struct{}

// Help is the detail of `latchkey man --help`.
func (*manCommand) Help() string {
	return "Print the manual page.\n\n" + examples("latchkey man | man -l -", "latchkey man > /usr/local/share/man/man1/latchkey.1")
}

// Run prints the page.
func (*manCommand) Run(parsed *kong.Context, std stdio) error {
	_, err := fmt.Fprint(std.out, manualPage(parsed.Model))
	return err
}

// manualPage is latchkey(1), with all commands and settings, in the macros of man(7).
func manualPage(app *kong.Application) string {
	p := &roff{}
	p.line(`.TH LATCHKEY 1 "" "Latchkey ` + roffText(version) + `" "Latchkey"`)
	p.section("NAME")
	p.text(`latchkey - OAuth2 token service for first-party applications`)
	p.section("SYNOPSIS")
	p.text("latchkey COMMAND [ARGUMENTS] [FLAGS]")
	p.section("DESCRIPTION")
	p.text("Latchkey signs in users with a username and a password, and issues access tokens that APIs verify with public keys. " +
		"latchkey serve runs the service. The other commands administer it: they open its database directly, with the same settings, " +
		"and may do everything.")
	p.section("COMMANDS")
	for _, command := range app.Leaves(true) {
		p.command(command)
	}
	p.section("ENVIRONMENT")
	p.text("Every setting is a flag of the commands that use it, and is also read from the .env file of the working directory.")
	for _, s := range append(allSettings(app), environmentOnly...) {
		p.item(s.variable)
		p.text(s.help)
	}
	p.section("EXIT STATUS")
	p.item("0")
	p.text("Success.")
	p.item("1")
	p.text("The command failed.")
	p.item("2")
	p.text("A setting, a flag or an argument is wrong.")
	return p.String()
}

// roff is text with the macros of man(7).
type roff struct{ strings.Builder }

func (p *roff) line(text string) { p.WriteString(text + "\n") }

func (p *roff) section(title string) { p.line(".SH " + title) }

// text adds a paragraph as it is.
func (p *roff) text(text string) { p.line(roffText(text)) }

// item begins an entry of a list.
func (p *roff) item(term string) { p.line(".TP\n.B " + roffText(term)) }

func (p *roff) command(command *kong.Node) {
	p.line(".SS " + roffText(command.FullPath()))
	p.text(sentence(command.Help))
	p.line(".PP\n.nf\n" + roffText(synopsis(command)) + "\n.fi")
	for _, argument := range command.Positional {
		p.item("<" + argument.Name + ">")
		p.text(argument.Help)
	}
	for _, flag := range ownFlags(command) {
		p.item(flagSynopsis(flag))
		p.text(strings.ReplaceAll(flag.Help, "${default}", flag.Default))
	}
	for paragraph := range strings.SplitSeq(command.Detail, "\n\n") {
		switch {
		case paragraph == "":
		case strings.HasPrefix(paragraph, "  "):
			p.line(".PP\n.RS\n.nf\n" + roffText(paragraph) + "\n.fi\n.RE")
		default:
			p.line(".PP")
			p.text(paragraph)
		}
	}
}

var roffEscapes = strings.NewReplacer(`\`, `\e`, "-", `\-`, "`", "")

// roffText escapes a text. A dot or an apostrophe at the start of a line would be a request.
func roffText(text string) string {
	lines := strings.Split(roffEscapes.Replace(text), "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			line = `\&` + line
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n")
}
