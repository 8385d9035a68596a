package fastapiusers

import (
	"net/http"
	"strings"

	api "github.com/latchkey-auth/latchkey/api/compat/fastapiusers"
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// The codes of the library (fastapi_users.router.common.ErrorCode) that depend on the operation.
var (
	emailTaken = map[string]string{
		"register": "REGISTER_USER_ALREADY_EXISTS", "verify": "VERIFY_USER_BAD_TOKEN",
		"updateMe": "UPDATE_USER_EMAIL_ALREADY_EXISTS", "updateUser": "UPDATE_USER_EMAIL_ALREADY_EXISTS",
	}
	badPassword = map[string]string{
		"register": "REGISTER_INVALID_PASSWORD", "resetPassword": "RESET_PASSWORD_INVALID_PASSWORD",
		"updateMe": "UPDATE_USER_INVALID_PASSWORD", "updateUser": "UPDATE_USER_INVALID_PASSWORD",
	}
	badToken = map[string]string{"verify": "VERIFY_USER_BAD_TOKEN", "resetPassword": "RESET_PASSWORD_BAD_TOKEN"}
)

// codeAndReason is the detail of an error about a password.
type codeAndReason struct {
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// failure returns an error with the status and the code of the library. An error that the library does
// not have keeps its status, and its text becomes the detail.
func failure(f httpapi.Failure) (status int, body any) {
	respond := func(status int, detail any) (int, any) { return status, api.Error{Detail: detail} }
	code := f.Err.Code
	if code == fault.InvalidRequest && f.Err.Pointer == "/password" && badPassword[f.Operation] != "" {
		code = account.WeakPassword // too long, or no text
	}
	switch code {
	case account.InvalidCredentials:
		return respond(http.StatusBadRequest, "LOGIN_BAD_CREDENTIALS")
	case account.EmailUnverified:
		return respond(http.StatusBadRequest, "LOGIN_USER_NOT_VERIFIED")
	case account.EmailTaken:
		return respond(http.StatusBadRequest, emailTaken[f.Operation])
	case account.InvalidOneTimeToken:
		return respond(http.StatusBadRequest, badToken[f.Operation])
	case account.WeakPassword, account.WrongPassword:
		return respond(http.StatusBadRequest, codeAndReason{badPassword[f.Operation], f.Err.Text})
	case oauth.TokenRequired, oauth.InvalidToken, fault.InsufficientScope, fault.NotFound:
		return respond(f.Status, http.StatusText(f.Status))
	case fault.InvalidRequest, account.InvalidEmail:
		return respond(http.StatusUnprocessableEntity, validationErrors(f))
	default:
		return httpFailure(f)
	}
}

// httpFailure returns an error that only its status distinguishes.
func httpFailure(f httpapi.Failure) (status int, body any) {
	switch f.Status {
	case http.StatusUnsupportedMediaType:
		return http.StatusUnprocessableEntity, api.Error{Detail: validationErrors(f)}
	case http.StatusMethodNotAllowed:
		return f.Status, api.Error{Detail: http.StatusText(f.Status)}
	default:
		return f.Status, api.Error{Detail: f.Err.Text}
	}
}

// The texts of errors for which Pydantic or FastAPI has a type and a text of its own.
var pydantic = map[string]httpapi.FieldError{
	"is required":                  {Message: "Field required", Type: "missing"},
	"must be a string":             {Message: "Input should be a valid string", Type: "string_type"},
	"must be true or false":        {Message: "Input should be a valid boolean, unable to interpret input", Type: "bool_parsing"},
	"must be an object":            {Message: "Input should be a valid dictionary or object to extract fields from", Type: "model_attributes_type"},
	"must be password":             {Message: "String should match pattern '^password$'", Type: "string_pattern_mismatch"},
	"this is not an email address": {Message: "value is not a valid email address", Type: "value_error"},
	"the body is not valid JSON":   {Message: "JSON decode error", Type: "json_invalid"},
}

// validationErrors returns the detail of FastAPI's HTTPValidationError. It never repeats the input,
// which may be a password.
func validationErrors(f httpapi.Failure) []httpapi.FieldError {
	list, ok := f.FastAPIDetail().([]httpapi.FieldError)
	if !ok { // an error of the body as a whole
		list = []httpapi.FieldError{{Location: []string{"body"}, Message: f.Err.Text, Type: "value_error"}}
	}
	for i, e := range list {
		if known, found := pydantic[e.Message]; found {
			list[i].Message, list[i].Type = known.Message, known.Type
		}
		if strings.Join(e.Location, "/") == "body/" { // the pointer to the body itself
			list[i].Location = []string{"body"}
		}
	}
	return list
}
