package codevoweb

import (
	"net/http"
	"strings"

	api "github.com/latchkey-auth/latchkey/api/compat/codevoweb"
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// failure returns an error in the format of the tutorials. The clients show the message, and decide by
// its text when to refresh: "not logged in", and when to go to the login page: "not refresh".
func failure(f httpapi.Failure) (status int, body any) {
	status, text := statusAndText(f)
	word := "fail"
	if status >= http.StatusInternalServerError {
		word = "error"
	}
	return status, api.Error{Status: word, Detail: text, Message: text, Code: string(f.Err.Code), RequestId: f.RequestID}
}

func statusAndText(f httpapi.Failure) (status int, text string) {
	switch f.Err.Code {
	case account.InvalidCredentials:
		return http.StatusBadRequest, "Incorrect Email or Password"
	case account.EmailTaken:
		return http.StatusConflict, "Account already exist"
	case account.EmailUnverified:
		return http.StatusUnauthorized, "Please verify your account"
	case account.InvalidOneTimeToken:
		if f.Operation == "verifyEmail" {
			return http.StatusForbidden, "Invalid verification code or account already verified"
		}
		return http.StatusBadRequest, "Token is invalid or has expired"
	case oauth.InvalidToken:
		return http.StatusUnauthorized, "Token is invalid or has expired"
	case oauth.TokenRequired:
		if f.Operation == "refresh" {
			return http.StatusUnauthorized, "Could not refresh access token"
		}
		return http.StatusUnauthorized, "You are not logged in"
	case fault.InvalidRequest:
		if len(f.Details) > 0 {
			return http.StatusUnprocessableEntity, fieldErrors(f)
		}
		return f.Status, f.Err.Text
	default:
		return f.Status, f.Err.Text
	}
}

// fieldErrors returns the errors of all fields as one text, "email is required, password is required".
func fieldErrors(f httpapi.Failure) string {
	all := make([]string, len(f.Details))
	for i, d := range f.Details {
		all[i] = strings.TrimSpace(strings.TrimPrefix(d.Pointer, "/") + " " + d.Detail)
	}
	return strings.Join(all, ", ")
}
