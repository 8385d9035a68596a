package httpapi

import (
	"errors"
	"io"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

const maxBody = "64KiB" // as Echo's BodyLimit reads it

// readBody reads a whole body. A body over the limit returns Echo's error; one that ends too early
// or times out returns invalid_request.
func readBody(body io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(body)
	var tooLarge *echo.HTTPError
	if err != nil && !errors.As(err, &tooLarge) {
		return nil, fault.Errorf(fault.InvalidRequest, "the body could not be read completely").Wrap(err)
	}
	return raw, err
}
