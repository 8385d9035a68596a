package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCandidates(t *testing.T) {
	t.Parallel()
	node := newTestParser(t).Model.Node
	for line, want := range map[string][]string{
		"us":                        {"user"},
		"user ex":                   {"export"},
		"user grant al":             nil,
		"completion ":               {"bash", "zsh", "fish"},
		"serve --log-format ":       {"text", "json"},
		"serve --log-format j":      {"json"},
		"serve --log-f":             {"--log-format"},
		"serve --no-sig":            {"--no-signup"},
		"token -u user --cur":       {"--curl"},
		"client create x --public ": nil,
		"heal":                      nil, // hidden
		"nothing of the kind ":      nil,
	} {
		require.ElementsMatch(t, want, candidates(node, strings.Split(line, " ")), line)
	}
	require.Contains(t, candidates(node, nil), "serve")
}

func TestCompletionScripts(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		var out bytes.Buffer
		require.Zero(t, run(t.Context(), []string{"completion", shell}, stdio{out: &out, err: os.Stderr}))
		require.Contains(t, out.String(), "latchkey complete -- ")
	}
}

// Every command has an example in its help.
func TestEveryCommandHasAnExample(t *testing.T) {
	t.Parallel()
	for _, command := range newTestParser(t).Model.Leaves(true) {
		require.Regexp(t, `Examples?:\n\n    .*`+command.FullPath(), command.Detail, command.FullPath())
	}
}

// Help shows the flags of the command itself before the settings.
func TestHelpShowsOwnFlagsFirst(t *testing.T) {
	t.Parallel()
	for _, command := range newTestParser(t).Model.Leaves(true) {
		var out bytes.Buffer
		path := strings.Fields(command.FullPath())[1:]
		require.Zero(t, run(t.Context(), append(path, "--help"), stdio{out: &out, err: os.Stderr}))
		_, flags, _ := strings.Cut(out.String(), "\nFlags:\n")
		setting := strings.Index(flags, "($LATCHKEY_")
		for _, own := range ownFlags(command) {
			if setting >= 0 {
				require.Less(t, strings.Index(flags, flagName(own)), setting, "%s: %s", command.FullPath(), own.Name)
			}
		}
	}
}

func TestManualPage(t *testing.T) {
	t.Parallel()
	page := manualPage(newTestParser(t).Model)
	for _, text := range []string{
		".TH LATCHKEY 1", ".SS latchkey user set\\-password", "LATCHKEY_SESSION_IDLE", "LATCHKEY_SECRET\n", "latchkey token \\-u user",
	} {
		require.Contains(t, page, text)
	}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, ".") {
			require.Regexp(t, `^\.(TH|SH|SS|TP|B|PP|nf|fi|RS|RE)\b`, line, "an unknown request")
		}
	}
	require.NotContains(t, page, "${default}")
}
