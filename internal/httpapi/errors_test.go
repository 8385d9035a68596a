package httpapi

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Error texts fit RFC 6749 §5.2 and a quoted string: ASCII without quotes and backslashes.
func TestErrorTexts(t *testing.T) {
	t.Parallel()
	texts := 0
	eachSource(t, func(files *token.FileSet, source *ast.File) {
		ast.Inspect(source, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !slices.Contains(errorMakers, types.ExprString(call.Fun)) {
				return true
			}
			for _, text := range literals(t, call) {
				texts++
				require.Regexp(t, `^[\x20\x21\x23-\x5b\x5d-\x7e]*$`, text, files.Position(call.Pos()))
			}
			return true
		})
	})
	require.Greater(t, texts, 100)
}

// errorMakers make an error of a text. Package fault calls Errorf.
var errorMakers = []string{"fault.Errorf", "Errorf", "invalidRequest"}

// literals returns the string literals of an expression.
func literals(t *testing.T, n ast.Node) (texts []string) {
	t.Helper()
	ast.Inspect(n, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			texts = append(texts, text)
		}
		return true
	})
	return texts
}

// eachSource calls do with each file under internal, other than those of tests.
func eachSource(t *testing.T, do func(*token.FileSet, *ast.File)) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		source, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err == nil {
			do(files, source)
		}
		return err
	})
	require.NoError(t, err)
}
