package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/alecthomas/kong"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
)

// docsCommand writes the reference tables of the documentation. `make generate` runs it.
type docsCommand struct {
	Dir string `arg:"" help:"The folder with the documentation."`
}

// Run renders every table and writes those that have changed.
func (c *docsCommand) Run(parsed *kong.Context) error {
	contract, err := api.GetSpec()
	if err != nil {
		return err
	}
	return errors.Join(
		c.write("settings.md", "settings", settingsReference(parsed.Model)),
		c.write("commands.md", "commands", commandsReference(parsed.Model)),
		c.write("endpoints.md", "endpoints", endpointsReference(contract)),
		c.write("errors.md", "oauth errors", errorsReference(httpapi.OAuthErrorDocs())),
		c.write("errors.md", "problem codes", errorsReference(httpapi.ProblemDocs())),
	)
}

func errorsReference(docs []httpapi.ErrorDoc) string {
	t := newMarkdownTable("Status", "Code", "Meaning")
	for _, d := range docs {
		t.row(strconv.Itoa(d.Status), code(d.Code), d.Meaning)
	}
	return t.String()
}

// write replaces a section of a file.
func (c *docsCommand) write(file, section, text string) error {
	path := filepath.Join(c.Dir, file)
	old, err := os.ReadFile(path) //nolint:gosec // the developer names the folder
	if err != nil {
		return err
	}
	written, err := replaceSection(old, section, text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if bytes.Equal(old, written) {
		return nil
	}
	return os.WriteFile(path, written, 0o644) //nolint:gosec // documentation is public
}

// replaceSection puts text between the two comments that mark a section.
func replaceSection(page []byte, section, text string) ([]byte, error) {
	begin := fmt.Appendf(nil, "<!-- %s: generated, run make generate -->\n", section)
	end := fmt.Appendf(nil, "<!-- end of %s -->", section)
	before, rest, found := bytes.Cut(page, begin)
	if !found {
		return nil, fmt.Errorf("the line %q is missing", bytes.TrimSpace(begin))
	}
	_, after, found := bytes.Cut(rest, end)
	if !found {
		return nil, fmt.Errorf("the line %q is missing", end)
	}
	return bytes.Join([][]byte{before, begin, []byte("\n" + text + "\n"), end, after}, nil), nil
}
