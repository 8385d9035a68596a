package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/account"
)

// contractError is a body that does not fit the contract, with what is wrong at which member.
type contractError struct {
	faults []api.ProblemDetail
}

func (e *contractError) Error() string { return "the body does not fit the contract" }

func (e *contractError) Unwrap() error { return errContract }

var errContract = account.Errorf(account.InvalidRequest, "the body does not fit the contract")

// details gives the faults that an error lists.
func details(err error) []api.ProblemDetail {
	var listed *contractError
	if errors.As(err, &listed) {
		return listed.faults
	}
	return nil
}

// contractBody holds a JSON body against the contract's schema, and hands on exactly what was
// checked: two readers of one text may not differ.
func contractBody(all operations) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			op := all.of(c)
			if op.body == nil {
				return next(c)
			}
			request := c.Request()
			mediaType, _, err := mime.ParseMediaType(request.Header.Get(echo.HeaderContentType))
			if err != nil || mediaType != echo.MIMEApplicationJSON {
				return errMediaType
			}
			checked, err := checkBody(request.Body, op.body)
			if err != nil {
				return err
			}
			request.Body = io.NopCloser(bytes.NewReader(checked))
			request.ContentLength = int64(len(checked))
			return next(c)
		}
	}
}

func checkBody(body io.Reader, schema *openapi3.Schema) ([]byte, error) {
	raw, err := readBody(body)
	if err != nil {
		return nil, err
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, account.Errorf(account.InvalidRequest, "the body is not well-formed JSON").Wrap(err)
	}
	if err := schema.VisitJSON(value, openapi3.MultiErrors(), openapi3.DisableSchemaErrorDetails()); err != nil {
		found := faults(err)
		return nil, &contractError{faults: found[:min(len(found), maxFaults)]}
	}
	checked, err := json.Marshal(value)
	if bytes.ContainsRune(checked, utf8.RuneError) {
		// The decoder puts it for bytes that are no UTF-8 and for half a surrogate pair: two
		// different passwords would become the same.
		return nil, account.Errorf(account.InvalidRequest, "the body is not valid text")
	}
	return checked, err
}

const maxFaults = 20 // that one answer lists

// readBody reads a body to its end. One that is too large is an error as the limit has it; one that
// ends too early, or comes too slowly, is the caller's fault.
func readBody(body io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(body)
	var tooLarge *echo.HTTPError
	if err != nil && !errors.As(err, &tooLarge) {
		return nil, account.Errorf(account.InvalidRequest, "the body cannot be read to its end").Wrap(err)
	}
	return raw, err
}

// faults lists what a schema found, in our words: the library's would quote the value, which may
// be a password.
func faults(err error) []api.ProblemDetail {
	var many openapi3.MultiError
	if errors.As(err, &many) {
		var all []api.ProblemDetail
		for _, one := range many {
			all = append(all, faults(one)...)
		}
		return all
	}
	var one *openapi3.SchemaError
	if !errors.As(err, &one) {
		return nil
	}
	at := one.JSONPointer()
	var unknown string // which the library names in its text alone
	if _, err := fmt.Sscanf(one.Reason, "property %q is unsupported", &unknown); err == nil {
		at = append(at, unknown)
	}
	return []api.ProblemDetail{{Pointer: pointer(at), Detail: faultText(one)}}
}

// pointer builds a JSON pointer (RFC 6901 §3).
func pointer(segments []string) string {
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	var b strings.Builder
	for _, segment := range segments {
		b.WriteString("/" + escape.Replace(segment))
	}
	return b.String()
}

func faultText(fault *openapi3.SchemaError) string {
	switch fault.SchemaField {
	case "required":
		return "is missing"
	case "properties", "additionalProperties":
		return "is not a known member"
	case "type", "nullable":
		return "has the wrong type"
	case "minLength", "minItems":
		return "is too short"
	case "maxLength", "maxItems":
		return "is too long"
	default:
		return "does not fit the contract: " + fault.SchemaField
	}
}
