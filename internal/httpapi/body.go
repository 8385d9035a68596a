package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"strings"

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
	raw, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, account.Errorf(account.InvalidRequest, "the body is not well-formed JSON").Wrap(err)
	}
	if err := schema.VisitJSON(value, openapi3.MultiErrors(), openapi3.DisableSchemaErrorDetails()); err != nil {
		return nil, &contractError{faults: faults(err)}
	}
	return json.Marshal(value)
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
	return []api.ProblemDetail{{Pointer: pointer(one.JSONPointer()), Detail: faultText(one)}}
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
	case "type":
		return "has the wrong type"
	case "minLength", "minItems":
		return "is too short"
	case "maxLength", "maxItems":
		return "is too long"
	default:
		return "does not fit the contract: " + fault.SchemaField
	}
}
