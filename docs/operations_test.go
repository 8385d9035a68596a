package docs_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// logCalls are the methods of slog.Logger, with the number of arguments before the keys and values.
var logCalls = map[string]int{
	"DebugContext": 2, "InfoContext": 2, "WarnContext": 2, "ErrorContext": 2, "Log": 3, "With": 0,
	"Debug": 1, "Info": 1, "Warn": 1, "Error": 1,
}

// attributes are the functions of slog that make an attribute.
var attributes = []string{"String", "Int", "Int64", "Bool", "Duration", "Time", "Any", "Group"}

// The keys of the log are documented, all of them and no others.
func TestLogKeysAreDocumented(t *testing.T) {
	t.Parallel()
	keys := map[string]bool{}
	for _, dir := range []string{"../cmd", "../internal"} {
		require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err == nil {
				collectLogKeys(file, keys)
			}
			return err
		}))
	}
	_, section, found := strings.Cut(read(t, "docs/operations.md"), "\n## Log\n")
	require.True(t, found)
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(section, -1) {
		documented = append(documented, row[1])
	}
	require.Equal(t, slices.Sorted(maps.Keys(keys)), documented, "the keys in the source, and the table in docs/operations.md")
}

func collectLogKeys(file *ast.File, keys map[string]bool) {
	ast.Inspect(file, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			return true
		}
		function, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if receiver, ok := function.X.(*ast.Ident); ok && receiver.Name == "slog" {
			if slices.Contains(attributes, function.Sel.Name) {
				addKey(call.Args[0], keys)
			}
			return true
		}
		if before, ok := logCalls[function.Sel.Name]; ok && len(call.Args) > before+1 && !isHTTP(function.X) {
			for i := before; i < len(call.Args)-1; i += 2 {
				addKey(call.Args[i], keys)
			}
		}
		return true
	})
}

// isHTTP reports whether a receiver is the package http, whose Error is no log.
func isHTTP(receiver ast.Expr) bool {
	name, ok := receiver.(*ast.Ident)
	return ok && name.Name == "http"
}

func addKey(argument ast.Expr, keys map[string]bool) {
	if literal, ok := argument.(*ast.BasicLit); ok && literal.Kind == token.STRING {
		if key, err := strconv.Unquote(literal.Value); err == nil {
			keys[key] = true
		}
	}
}

// alertRules is the structure of a file of Prometheus rules.
type alertRules struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
	}
}

// Every alert rule is complete, and the page says what to do about it.
func TestAlertRules(t *testing.T) {
	t.Parallel()
	var rules alertRules
	decoder := yaml.NewDecoder(strings.NewReader(read(t, "docs/operations/alerts.yaml")))
	decoder.KnownFields(true)
	require.NoError(t, decoder.Decode(&rules))
	require.Len(t, rules.Groups, 1)
	page := read(t, "docs/operations.md")
	require.Greater(t, len(rules.Groups[0].Rules), 10)
	for _, rule := range rules.Groups[0].Rules {
		require.NotEmpty(t, rule.Expr, rule.Alert)
		require.Regexp(t, `^\d+[smh]$`, rule.For, rule.Alert)
		require.Contains(t, []string{"critical", "warning"}, rule.Labels["severity"], rule.Alert)
		require.Contains(t, page, "\n### "+rule.Alert+"\n\n"+rule.Annotations["summary"]+". ")
		require.NoError(t, check("README.md", rule.Annotations["runbook"]), rule.Alert)
	}
	require.Equal(t, len(rules.Groups[0].Rules), strings.Count(page, "\n### Latchkey"), "alerts on the page")
}

// The dashboard has a query in every panel.
func TestDashboard(t *testing.T) {
	t.Parallel()
	var dashboard struct {
		Title  string
		Panels []struct {
			ID      int
			Type    string
			Title   string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, "docs/operations/grafana-dashboard.json")), &dashboard))
	ids := map[int]bool{}
	for _, panel := range dashboard.Panels {
		require.False(t, ids[panel.ID], "panel %d is there twice", panel.ID)
		ids[panel.ID] = true
		require.NotEmpty(t, panel.Title)
		require.Equal(t, panel.Type == "row", len(panel.Targets) == 0, panel.Title)
		for _, target := range panel.Targets {
			require.Regexp(t, `(latchkey|go|process)_\w+\{`, target.Expr, panel.Title)
		}
	}
	require.Greater(t, len(ids), 15)
}
