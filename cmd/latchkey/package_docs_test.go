package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	fileNames = regexp.MustCompile(`[a-z0-9_*]+\.go\b`)
	platform  = regexp.MustCompile(`_(linux|unix|windows|other)\.go$`)
)

// A doc.go that says where things are names every file of its package.
func TestPackageDocsNameEveryFile(t *testing.T) {
	t.Parallel()
	docs := 0
	require.NoError(t, filepath.WalkDir("../../internal", func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.Name() != "doc.go" {
			return err
		}
		doc, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(doc), ".go:") {
			return err
		}
		docs++
		named := fileNames.FindAllString(string(doc), -1)
		files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.go"))
		for _, file := range files {
			name := platform.ReplaceAllString(filepath.Base(file), ".go") // one for each system
			if name == "doc.go" || strings.HasSuffix(name, "_test.go") {
				continue
			}
			assert.True(t, slices.ContainsFunc(named, func(pattern string) bool {
				matches, _ := filepath.Match(platform.ReplaceAllString(pattern, ".go"), name)
				return matches
			}), "%s does not name %s", path, name)
		}
		return err
	}))
	require.Greater(t, docs, 10)
}
