package apitest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Verbatim is a transport that writes a request to the letter, on a connection of its own: headers
// that stand twice, targets that are no clean paths, HTTP/1.0, and bodies that end too early.
type Verbatim struct{}

const patience = 30 * time.Second // with a server that does not answer

// RoundTrip sends the request and reads the whole answer. RequestURI, if set, is the target.
func (Verbatim) RoundTrip(r *http.Request) (*http.Response, error) {
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(r.Context(), "tcp", r.URL.Host)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	text, err := serialise(r)
	if err != nil {
		return nil, err
	}
	// A server may answer and close before it has read everything.
	_, writeErr := conn.Write(text)
	if r.ContentLength < 0 {
		_ = conn.(*net.TCPConn).CloseWrite() //nolint:forcetypeassert // it was dialled as one
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		return nil, fmt.Errorf("no answer: %w (written: %w)", err, writeErr)
	}
	body, err := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, err
}

// serialise writes a request as it goes over the wire. A negative ContentLength announces one
// byte more than there is.
func serialise(r *http.Request) ([]byte, error) {
	var b bytes.Buffer
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	target := r.RequestURI
	if target == "" {
		target = r.URL.RequestURI()
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.%d\r\nHost: %s\r\n", r.Method, target, r.ProtoMinor, host)
	for name, values := range r.Header {
		for _, value := range values {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	b.WriteString("Connection: close\r\n")
	switch {
	case len(r.TransferEncoding) > 0:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		for half := range twoHalves(body) {
			fmt.Fprintf(&b, "%x\r\n%s\r\n", len(half), half)
		}
		b.WriteString("0\r\n\r\n")
		return b.Bytes(), nil
	case r.ContentLength < 0:
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body)+1)
	case len(body) > 0 || r.Method == http.MethodPost:
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes(), nil
}

// twoHalves gives the chunks of a body; an empty chunk would end it.
func twoHalves(body []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for _, half := range [][]byte{body[:len(body)/2], body[len(body)/2:]} {
			if len(half) > 0 && !yield(half) {
				return
			}
		}
	}
}

// http2 speaks HTTP/2 without TLS (RFC 9113 §3.3).
var http2 = func() http.RoundTripper {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	return &http.Transport{Protocols: &protocols}
}()
