package httpapi

import (
	"go/ast"
	"go/token"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every error code that the code declares is documented, each once, and has a status: none is an internal error
// because it was forgotten.
func TestEveryCodeIsDocumented(t *testing.T) {
	t.Parallel()
	var codes []string
	for _, d := range documentedCodes {
		codes = append(codes, string(d.code))
		require.NotEmpty(t, d.meaning, d.code)
		require.Equal(t, d.code == serverError, status(d.code) == http.StatusInternalServerError, d.code)
	}
	require.ElementsMatch(t, declaredCodes(t), codes)
	require.Equal(t, http.StatusInternalServerError, status("unknown"))
}

func TestErrorDocs(t *testing.T) {
	t.Parallel()
	require.Contains(t, ProblemDocs(), ErrorDoc{"weak_password", 422, meaningOf(t, "weak_password")})
	oauthErrors := OAuthErrorDocs()
	require.Contains(t, oauthErrors, ErrorDoc{"temporarily_unavailable", 429, meaningOf(t, "too_many_requests")})
	require.Contains(t, oauthErrors, ErrorDoc{"invalid_request", 413, meaningOf(t, "body_too_large")})
	for _, d := range oauthErrors {
		require.NotEqual(t, "weak_password", d.Code)
	}
}

func meaningOf(t *testing.T, code string) string {
	t.Helper()
	for _, d := range documentedCodes {
		if string(d.code) == code {
			return d.meaning
		}
	}
	require.Fail(t, "undocumented code", code)
	return ""
}

// declaredCodes returns the values of all constants of a type named Code under internal.
func declaredCodes(t *testing.T) []string {
	t.Helper()
	var codes []string
	eachSource(t, func(_ *token.FileSet, source *ast.File) {
		for _, decl := range source.Decls {
			codes = append(codes, codesOf(decl)...)
		}
	})
	return codes
}

// codesOf returns the values of constants such as
//
//	InvalidScope = fault.Code("invalid_scope")
//	WeakPassword Code = "weak_password"
func codesOf(decl ast.Decl) []string {
	group, ok := decl.(*ast.GenDecl)
	if !ok || group.Tok != token.CONST {
		return nil
	}
	var codes []string
	for _, spec := range group.Specs {
		constant, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for _, value := range constant.Values {
			named := constant.Type
			if call, ok := value.(*ast.CallExpr); ok && len(call.Args) == 1 {
				named, value = call.Fun, call.Args[0]
			}
			if literal, ok := value.(*ast.BasicLit); ok && isCode(named) {
				if text, err := strconv.Unquote(literal.Value); err == nil {
					codes = append(codes, text)
				}
			}
		}
	}
	return codes
}

// isCode reports whether an expression names a type Code, of this package or of another.
func isCode(expr ast.Expr) bool {
	switch e := expr.(type) {
	case *ast.Ident:
		return e.Name == "Code"
	case *ast.SelectorExpr:
		return e.Sel.Name == "Code"
	default:
		return false
	}
}
