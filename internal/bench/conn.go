//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// requestTimeout bounds one request. A service that refuses under load does it long before.
const requestTimeout = 20 * time.Second

// request is an HTTP/1.1 request. Empty fields send no header.
type request struct {
	method, path  string
	contentType   string
	authorization string
	forwardedFor  string // X-Forwarded-For: the address that the caller claims
	body          []byte
}

// response is valid until the next request on its connection.
type response struct {
	status int
	body   []byte
}

// conn is a keep-alive connection for one request after the other. It parses only what it needs,
// because on a small machine the client takes its processor time from the service.
type conn struct {
	address string
	net     net.Conn // nil: not connected
	reader  *bufio.Reader
	out     []byte
	body    []byte
}

func (c *conn) close() {
	if c.net != nil {
		_ = c.net.Close()
		c.net = nil
	}
}

// do sends a request and reads the response. After an error the connection is closed; the next request
// opens another.
func (c *conn) do(ctx context.Context, r request) (response, error) {
	if c.net == nil {
		opened, err := new(net.Dialer).DialContext(ctx, "tcp", c.address)
		if err != nil {
			return response{}, err
		}
		c.net, c.reader = opened, bufio.NewReaderSize(opened, 8<<10)
	}
	if err := c.net.SetDeadline(time.Now().Add(requestTimeout)); err != nil {
		c.close()
		return response{}, err
	}
	c.out = r.append(c.out[:0], c.address)
	_, err := c.net.Write(c.out)
	var got response
	last := true
	if err == nil {
		got, last, err = c.read()
	}
	if err != nil || last {
		c.close()
	}
	return got, err
}

// append writes the request to b.
func (r request) append(b []byte, host string) []byte {
	b = append(b, r.method...)
	b = append(b, ' ')
	b = append(b, r.path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, host...)
	header := func(name, value string) {
		if value != "" {
			b = append(b, "\r\n"...)
			b = append(b, name...)
			b = append(b, ": "...)
			b = append(b, value...)
		}
	}
	header("Authorization", r.authorization)
	header("X-Forwarded-For", r.forwardedFor)
	header("Content-Type", r.contentType)
	if r.body != nil {
		b = append(b, "\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(r.body)), 10)
	}
	b = append(b, "\r\n\r\n"...)
	return append(b, r.body...)
}

// read reads a response, and whether it is the last of the connection.
func (c *conn) read() (got response, last bool, err error) {
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return response{}, true, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return response{}, true, fmt.Errorf("not a status line: %q", line)
	}
	if got.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return response{}, true, fmt.Errorf("not a status: %w", err)
	}
	length, chunked, last, err := c.headers()
	if err != nil {
		return response{}, true, err
	}
	switch {
	case got.status == 204 || got.status == 304:
		c.body = c.body[:0]
	case chunked:
		err = c.readChunks()
	case length < 0:
		return response{}, true, errors.New("a response without a length")
	default:
		c.body = sized(c.body, length)
		_, err = io.ReadFull(c.reader, c.body)
	}
	got.body = c.body
	return got, last, err
}

// headers reads the headers that frame the body. The length is -1 if there is none.
func (c *conn) headers() (length int, chunked, last bool, err error) {
	length = -1
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, false, false, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return length, chunked, last, nil
		}
		// Only names of these three lengths matter.
		switch colon := bytes.IndexByte(line, ':'); {
		case colon == 14 && bytes.EqualFold(line[:colon], []byte("content-length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[colon+1:]))); err != nil {
				return 0, false, false, err
			}
		case colon == 17 && bytes.EqualFold(line[:colon], []byte("transfer-encoding")):
			chunked = true
		case colon == 10 && bytes.EqualFold(line[:colon], []byte("connection")):
			last = bytes.EqualFold(bytes.TrimSpace(line[colon+1:]), []byte("close"))
		}
	}
}

// readChunks reads a chunked body without trailers.
func (c *conn) readChunks() error {
	c.body = c.body[:0]
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		digits, _, _ := bytes.Cut(bytes.TrimSpace(line), []byte(";"))
		size, err := strconv.ParseUint(string(digits), 16, 31)
		if err != nil {
			return err
		}
		start := len(c.body)
		c.body = append(c.body, make([]byte, size)...)
		if _, err := io.ReadFull(c.reader, c.body[start:]); err != nil {
			return err
		}
		if _, err := c.reader.Discard(2); err != nil || size == 0 {
			return err
		}
	}
}

// sized returns a slice of n bytes that reuses b if it is large enough.
func sized(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
