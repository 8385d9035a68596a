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

// Verbatim is a transport that sends a request unchanged, on a connection of its own. Unlike
// net/http it can send repeated headers, targets that are not clean paths, HTTP/1.0, and bodies
// that end too early.
type Verbatim struct{}

const timeout = 30 * time.Second // of a request and its response

// RoundTrip sends the request and reads the whole response. If RequestURI is set, it is the target.
func (Verbatim) RoundTrip(r *http.Request) (*http.Response, error) {
	conn, err := (&net.Dialer{Timeout: timeout}).DialContext(r.Context(), "tcp", r.URL.Host)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(timeout))
	text, err := serialize(r)
	if err != nil {
		return nil, err
	}
	// A write error may be expected: a server may respond and close before it has read everything.
	_, writeErr := conn.Write(text)
	if r.ContentLength < 0 {
		_ = conn.(*net.TCPConn).CloseWrite() //nolint:forcetypeassert // the network is tcp
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		return nil, fmt.Errorf("no response: %w (written: %w)", err, writeErr)
	}
	body, err := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, err
}

// serialize returns a request as it is sent.
func serialize(r *http.Request) ([]byte, error) {
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
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.%d\r\nHost: %s\r\n", r.Method, target, r.ProtoMinor, host)
	for name, values := range r.Header {
		for _, value := range values {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	b.WriteString("Connection: close\r\n")
	writeBody(&b, r, body)
	return b.Bytes(), nil
}

// writeBody writes the headers that frame the body, and the body. A negative ContentLength
// announces one byte more than there is.
func writeBody(b *bytes.Buffer, r *http.Request, body []byte) {
	switch {
	case len(r.TransferEncoding) > 0:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		for _, chunk := range [][]byte{body[:len(body)/2], body[len(body)/2:]} {
			if len(chunk) > 0 { // an empty chunk ends the body
				fmt.Fprintf(b, "%x\r\n%s\r\n", len(chunk), chunk)
			}
		}
		b.WriteString("0\r\n\r\n")
		return
	case r.ContentLength < 0:
		fmt.Fprintf(b, "Content-Length: %d\r\n", len(body)+1)
	case len(body) > 0 || r.Method == http.MethodPost:
		fmt.Fprintf(b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.Write(body)
}

// http2Transport returns a transport for HTTP/2 without TLS (RFC 9113 §3.3).
func http2Transport() http.RoundTripper {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	return &http.Transport{Protocols: &protocols}
}
