package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/config"
)

// generatedPages are the pages with sections that `make generate` writes.
var generatedPages = []string{"settings.md", "commands.md", "endpoints.md", "errors.md"}

func TestReferenceIsFresh(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, page := range generatedPages {
		require.NoError(t, os.WriteFile(filepath.Join(dir, page), []byte(readPage(t, "docs/"+page)), 0o600))
	}
	parsed, err := newTestParser(t).Parse([]string{"docs", dir})
	require.NoError(t, err)
	require.NoError(t, parsed.Run())
	for _, page := range generatedPages {
		fresh, err := os.ReadFile(filepath.Join(dir, page))
		require.NoError(t, err)
		require.Equal(t, string(fresh), readPage(t, "docs/"+page), "%s is stale: run make generate", page)
	}
}

// Every command in the documentation parses, so that a renamed flag does not linger there.
func TestDocumentedCommandsParse(t *testing.T) {
	t.Parallel()
	parsed := map[string]bool{} // the pages repeat many commands
	for _, page := range documentation(t) {
		for _, line := range shellLines(readPage(t, page)) {
			for _, arguments := range latchkeyCalls(line) {
				if call := strings.Join(arguments, "\x00"); !parsed[call] {
					_, err := newTestParser(t).Parse(arguments)
					require.NoError(t, err, "%s: %s", page, line)
					parsed[call] = true
				}
			}
		}
	}
	require.Greater(t, len(parsed), 20)
}

// Every variable in the documentation is a setting.
func TestDocumentedSettingsExist(t *testing.T) {
	t.Parallel()
	variable := regexp.MustCompile(`LATCHKEY_[A-Z_]*[A-Z]`)
	model := newTestParser(t).Model
	for _, page := range documentation(t) {
		for _, name := range variable.FindAllString(readPage(t, page), -1) {
			require.NoError(t, config.CheckEnvironment(model, []string{name + "=x"}), page)
		}
	}
}

// The table of what a client has names every field of the contract and every flag of the command.
func TestClientPropertiesAreDocumented(t *testing.T) {
	t.Parallel()
	page := readPage(t, "docs/clients-and-roles.md")
	_, table, _ := strings.Cut(page, "| in the API |")
	table, _, _ = strings.Cut(table, "\n\n")
	contract, err := api.GetSpec()
	require.NoError(t, err)
	for _, schema := range []string{"ClientCreate", "ClientPatch"} {
		for name := range contract.Components.Schemas[schema].Value.Properties {
			require.Contains(t, table, "`"+name+"`", schema)
		}
	}
	parsed, err := newTestParser(t).Parse([]string{"client", "create", "x", "--grant", "password"})
	require.NoError(t, err)
	for _, flag := range ownFlags(parsed.Selected()) {
		require.Contains(t, table, "`"+flagName(flag)+"`")
	}
}

func newTestParser(t *testing.T) *kong.Kong {
	t.Helper()
	parser, err := kong.New(&commands{}, kong.Name("latchkey"), kong.Exit(func(int) {}), kong.Writers(os.Stderr, os.Stderr))
	require.NoError(t, err)
	return parser
}

// documentation returns the pages, relative to the root of the repository.
func documentation(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "examples/*.md"} {
		found, err := filepath.Glob("../../" + pattern)
		require.NoError(t, err)
		for _, page := range found {
			all = append(all, strings.TrimPrefix(page, "../../"))
		}
	}
	require.Greater(t, len(all), 15)
	return all
}

func readPage(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + page)
	require.NoError(t, err)
	return string(text)
}

// shellLines returns the lines of all blocks of shell commands, continued lines as one.
func shellLines(page string) []string {
	var lines []string
	for _, block := range regexp.MustCompile("(?s)```(?:sh|console)\n(.*?)```").FindAllStringSubmatch(page, -1) {
		lines = append(lines, strings.Split(strings.ReplaceAll(block[1], "\\\n", " "), "\n")...)
	}
	return lines
}

var (
	// latchkeyCall is a call of the program up to a pipe, a redirection or the end of a subshell.
	latchkeyCall = regexp.MustCompile(`(?:^|[ /(])latchkey ([a-z][^|<>;&)]*)`)
	// shellWord is a word of shell, which may be quoted.
	shellWord = regexp.MustCompile(`'[^']*'|"[^"]*"|[^\s'"]+`)
)

// latchkeyCalls returns the arguments of each call of the program in a line of shell.
func latchkeyCalls(line string) [][]string {
	line, _, _ = strings.Cut(line, " #")
	var calls [][]string
	for _, call := range latchkeyCall.FindAllStringSubmatch(line, -1) {
		var words []string
		for _, word := range shellWord.FindAllString(call[1], -1) {
			words = append(words, strings.Trim(word, `'"`))
		}
		calls = append(calls, words)
	}
	return calls
}

func TestHelpAndDefault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ help, given, meaning, value string }{
		"a default":      {"How long. Default: 30s.", "30s", "How long.", "`30s`"},
		"in words":       {"For whom. Default: the issuer.", "", "For whom.", "the issuer"},
		"in parentheses": {"Where to listen (default: *:80)", "", "Where to listen", `\*:80`},
		"none":           {"The username.", "", "The username.", "none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			meaning, value := helpAndDefault(&kong.Value{Help: c.help, HasDefault: c.given != "", Default: c.given, Tag: &kong.Tag{}})
			require.Equal(t, c.meaning, meaning)
			require.Equal(t, c.value, value)
		})
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	table := newMarkdownTable("A", "B")
	table.row("x|y", "z")
	require.Equal(t, "| A | B |\n| --- | --- |\n| x\\|y | z |\n", table.String())
	require.Equal(t, "/api/test/\\* and &lt;id> and `<id>*`", prose("/api/test/* and <id> and `<id>*`"))
	require.Equal(t, "Reads.\n\n```console\n$ latchkey a\n$ latchkey b\n```\n\nMore.\n\n", paragraphs("Reads.\n\n  latchkey a\n  latchkey b\nMore."))
	require.Equal(t, "One\ntwo.\n\nThree.\n\n", paragraphs("One\ntwo.\n\nThree."))
}

func TestReplaceSection(t *testing.T) {
	t.Parallel()
	page := "top\n<!-- x: generated, run make generate -->\nold\n<!-- end of x -->\nbottom\n"
	written, err := replaceSection([]byte(page), "x", "new\n")
	require.NoError(t, err)
	require.Equal(t, strings.Replace(page, "old\n", "\nnew\n\n", 1), string(written))
	_, err = replaceSection([]byte(page), "y", "new\n")
	require.ErrorContains(t, err, "is missing")
	_, err = replaceSection([]byte("<!-- x: generated, run make generate -->\n"), "x", "new\n")
	require.ErrorContains(t, err, "end of x")
}
