package httpapi

import (
	"errors"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"net/http"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// status lists every code of the domain: none is an internal error because it was forgotten.
func TestEveryCodeHasAStatus(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, name := range []string{"fault", "account", "oauth"} {
		pkg, err := declarations{}.Import(module + name)
		require.NoError(t, err)
		for _, object := range pkg.Scope().Names() {
			c, ok := pkg.Scope().Lookup(object).(*types.Const)
			if !ok || !strings.HasSuffix(c.Type().String(), "fault.Code") {
				continue
			}
			seen++
			code := fault.Code(constant.StringVal(c.Val()))
			require.NotEqual(t, http.StatusInternalServerError, status(code), "%s.%s", name, object)
		}
	}
	require.Greater(t, seen, 25)
	require.Equal(t, http.StatusInternalServerError, status(serverError))
	require.Equal(t, http.StatusInternalServerError, status("unknown"))
}

const module = "github.com/latchkey-auth/latchkey/internal/"

// declarations imports what fault declares, and nothing of the packages that another one imports beside it. To
// check those as well would take most of the time of this package's tests.
type declarations struct{}

// Import returns the package, with the declarations that need no other package but fault.
func (d declarations) Import(name string) (*types.Package, error) {
	files := token.NewFileSet()
	var parsed []*ast.File
	sources, err := filepath.Glob("../" + strings.TrimPrefix(name, module) + "/*.go")
	for _, source := range sources {
		file, errParse := parser.ParseFile(files, source, nil, parser.SkipObjectResolution)
		if !strings.HasSuffix(source, "_test.go") {
			parsed, err = append(parsed, file), errors.Join(err, errParse)
		}
	}
	config := types.Config{IgnoreFuncBodies: true, Error: func(error) {}, Importer: faultOnly{d}}
	pkg, _ := config.Check(name, files, parsed, nil) // the errors are about what was not imported
	return pkg, err
}

// faultOnly imports fault. Every other package is empty.
type faultOnly struct{ declarations }

func (f faultOnly) Import(name string) (*types.Package, error) {
	if name == module+"fault" {
		return f.declarations.Import(name)
	}
	empty := types.NewPackage(name, path.Base(name))
	empty.MarkComplete()
	return empty, nil
}

// Error texts fit RFC 6749 §5.2 and a quoted string: ASCII without quotes and backslashes.
func TestErrorTexts(t *testing.T) {
	t.Parallel()
	allowed := regexp.MustCompile(`^[\x20\x21\x23-\x5b\x5d-\x7e]+$`)
	for _, err := range []*fault.Error{
		errBodyTooLarge, errFileTooLarge, errMediaType, errServer, errTokenRequired, errCrossOrigin, errNoOrigin, errInvalidBody, errSignInAgain,
		fault.ErrNotFound, account.ErrUsernameTaken, account.ErrEmailTaken, account.ErrUnknownRole,
		fault.ErrUnavailable, account.ErrInvalidCredentials, fault.Denied(fault.LimitSignIn, 1),
	} {
		require.Regexp(t, allowed, err.Text)
	}
}
