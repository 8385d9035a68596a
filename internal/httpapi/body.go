package httpapi

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

const (
	maxBody       = "64KiB" // as Echo's BodyLimit reads it
	maxStreamBody = "1GiB"  // of an operation with x-streamed-body
	// streamPause is how long the next part of a streamed body may take to arrive.
	streamPause = 15 * time.Second
)

// limitBody limits the size of a body. That of a streamed one is limited as well, and each part of it must
// arrive in time; the time for the whole request does not count. The body of a request about which a gateway
// asks is not read.
func (s *Server) limitBody(next echo.HandlerFunc) echo.HandlerFunc {
	small, large := middleware.BodyLimit(maxBody)(next), middleware.BodyLimit(maxStreamBody)(next)
	return func(c echo.Context) error {
		op, request := operationOf(c), c.Request()
		switch {
		case op.gateway:
			request.Body = http.NoBody
			return next(c)
		case !op.stream:
			return small(c)
		}
		mediaType, _, err := mime.ParseMediaType(request.Header.Get(echo.HeaderContentType))
		if err != nil || mediaType != echo.MIMEOctetStream {
			return errStreamType
		}
		request.Body = &streamedBody{request.Body, http.NewResponseController(c.Response()), s.Now}
		err = large(c)
		if errors.Is(err, echo.ErrStatusRequestEntityTooLarge) {
			return errFileTooLarge
		}
		return err
	}
}

// streamedBody moves the deadlines of the connection at each read.
type streamedBody struct {
	io.ReadCloser
	connection *http.ResponseController
	now        func() time.Time
}

// Read implements io.Reader.
func (b *streamedBody) Read(p []byte) (int, error) {
	until := b.now().Add(streamPause)
	if err := errors.Join(b.connection.SetReadDeadline(until), b.connection.SetWriteDeadline(until.Add(streamPause))); err != nil {
		return 0, err
	}
	return b.ReadCloser.Read(p)
}

// readBody reads a whole body. A body over the limit returns Echo's error; one that ends too early
// or times out returns invalid_request.
func readBody(body io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(body)
	return raw, bodyError(err)
}

// bodyError is the error for a body that could not be read.
func bodyError(err error) error {
	var tooLarge *echo.HTTPError
	if err != nil && !errors.As(err, &tooLarge) {
		return fault.Errorf(fault.InvalidRequest, "the body could not be read completely").Wrap(err)
	}
	return err
}
