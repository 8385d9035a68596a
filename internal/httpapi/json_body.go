package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// jsonBody validates a JSON body against its schema in the contract. It passes on the JSON that it
// has validated, encoded anew: the generated code must not read the client's text differently.
func jsonBody(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		op, request := operationOf(c), c.Request()
		if op.body == nil || op.maybe && request.ContentLength == 0 {
			return next(c)
		}
		mediaType, _, err := mime.ParseMediaType(request.Header.Get(echo.HeaderContentType))
		if err != nil || mediaType != echo.MIMEApplicationJSON {
			return errMediaType
		}
		valid, err := validateJSON(request.Body, op.body)
		if err != nil {
			return err
		}
		request.Body = io.NopCloser(bytes.NewReader(valid))
		request.ContentLength = int64(len(valid))
		return next(c)
	}
}

// bodyHasMember reports whether the body is a JSON object with a member of this name. The body can
// be read again.
func bodyHasMember(r *http.Request, name string) bool {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxFormToken))
	rest := io.Reader(r.Body)
	if err != nil { // whoever reads the body next gets the error as well
		rest = failingReader{err}
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(raw), rest), r.Body}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return false
	}
	_, found := members[name]
	return found
}

// failingReader returns its error.
type failingReader struct{ error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.error }

// validateJSON returns the body, encoded anew, if it is valid under the schema.
func validateJSON(body io.Reader, schema *openapi3.Schema) ([]byte, error) {
	raw, err := readBody(body)
	if err != nil {
		return nil, err
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, fault.Errorf(fault.InvalidRequest, "the body is not valid JSON").Wrap(err)
	}
	if err := schema.VisitJSON(value, openapi3.MultiErrors(), openapi3.DisableSchemaErrorDetails()); err != nil {
		if details := schemaErrors(err); len(details) > 0 {
			return nil, &schemaError{details: details[:min(len(details), maxDetails)]}
		}
	}
	valid, err := json.Marshal(value)
	if bytes.ContainsRune(valid, utf8.RuneError) {
		// The decoder replaces invalid UTF-8 and unpaired surrogates by this character, so that two
		// different passwords would become equal.
		return nil, fault.Errorf(fault.InvalidRequest, "the body contains invalid Unicode")
	}
	return valid, err
}

const maxDetails = 20 // in one response

// schemaError is the error for a body that is not valid under its schema. It lists what is wrong
// with each field.
type schemaError struct {
	details []api.ProblemDetail
}

var errInvalidBody = fault.Errorf(fault.InvalidRequest, "the body is invalid; see the errors list")

func (e *schemaError) Error() string { return errInvalidBody.Error() }

func (e *schemaError) Unwrap() error { return errInvalidBody }

// problemDetails returns the details of a schemaError, or nil for any other error.
func problemDetails(err error) []api.ProblemDetail {
	var invalid *schemaError
	if errors.As(err, &invalid) {
		return invalid.details
	}
	return nil
}

// schemaErrors converts the errors of the schema library. Its own texts are not used: they would
// repeat the value, which may be a password. Patterns are left to the domain, which has a code and a text
// for what they describe, such as invalid_username.
func schemaErrors(err error) []api.ProblemDetail {
	var many openapi3.MultiError
	if errors.As(err, &many) {
		var all []api.ProblemDetail
		for _, one := range many {
			all = append(all, schemaErrors(one)...)
		}
		return all
	}
	var one *openapi3.SchemaError
	if !errors.As(err, &one) || one.SchemaField == "pattern" {
		return nil
	}
	path := one.JSONPointer()
	var unknown string // the library names an unknown field only in the text of its error
	if _, err := fmt.Sscanf(one.Reason, "property %q is unsupported", &unknown); err == nil {
		path = append(path, unknown)
	}
	return []api.ProblemDetail{{Pointer: jsonPointer(path), Detail: schemaErrorText(one)}}
}

// jsonPointer returns the JSON pointer (RFC 6901 §3) of a path.
func jsonPointer(path []string) string {
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	var b strings.Builder
	for _, segment := range path {
		b.WriteString("/" + escape.Replace(segment))
	}
	return b.String()
}
