package httpapi

import (
	"go/constant"
	"go/importer"
	"go/token"
	"go/types"
	"net/http"
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
	loader := importer.ForCompiler(token.NewFileSet(), "source", nil)
	seen := 0
	for _, name := range []string{"fault", "account", "oauth"} {
		pkg, err := loader.Import("github.com/latchkey-auth/latchkey/internal/" + name)
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
	require.Greater(t, seen, 20)
	require.Equal(t, http.StatusInternalServerError, status(serverError))
	require.Equal(t, http.StatusInternalServerError, status("unknown"))
}

// Error texts fit RFC 6749 §5.2 and a quoted string: ASCII without quotes and backslashes.
func TestErrorTexts(t *testing.T) {
	t.Parallel()
	allowed := regexp.MustCompile(`^[\x20\x21\x23-\x5b\x5d-\x7e]+$`)
	for _, err := range []*fault.Error{
		errBodyTooLarge, errMediaType, errServer, errTokenRequired, errCrossOrigin, errInvalidBody, errSignInAgain,
		fault.ErrNotFound, account.ErrUsernameTaken, account.ErrEmailTaken, account.ErrUnknownRole,
		fault.ErrUnavailable, account.ErrInvalidCredentials, fault.Denied(fault.LimitSignIn, 1),
	} {
		require.Regexp(t, allowed, err.Text)
	}
}
