package apitest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	requestLine = regexp.MustCompile(`^([A-Z]+) (\S+)$`)
	headerLine  = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*):(?: (.*))?$`)
	absentLine  = regexp.MustCompile(`^!([A-Za-z][A-Za-z0-9-]*)$`)
	statusLine  = regexp.MustCompile(`^\d{3}$`)
)

// parse reads the cases of one file.
func parse(file, text string) ([]Case, error) {
	blocks := strings.Split("\n"+text, "\n== ")
	common, err := Case{File: file}.extend(strings.Split(blocks[0], "\n"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var cases []Case
	seen := map[string]bool{}
	for _, block := range blocks[1:] {
		name, rest, _ := strings.Cut(block, "\n")
		c, err := common.extend(strings.Split(rest, "\n"))
		if err == nil {
			err = c.check(seen[name])
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", file, name, err)
		}
		seen[name] = true
		c.Name = name
		cases = append(cases, c)
	}
	return cases, nil
}

// check returns an error for an incomplete case, which could not fail, and for a second one of the
// same name.
func (c Case) check(duplicate bool) error {
	switch {
	case duplicate:
		return errors.New("two cases have this name")
	case c.Method == "" || c.Status == 0:
		return errors.New("a case needs a request line and a status")
	}
	return nil
}

// extend returns a copy of the case with more lines.
func (c Case) extend(lines []string) (Case, error) {
	common := c
	c.Header, c.WantHeader, c.NoHeader = http.Header{}, map[string]string{}, nil
	removed := map[string]bool{}
	for _, line := range lines {
		kind, rest, _ := strings.Cut(line, " ")
		var err error
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case kind == ">":
			c.parseRequest(expand(rest), removed)
		case kind == "<":
			err = c.parseResponse(rest)
		default:
			err = c.parseDirective(line)
		}
		if err != nil {
			return c, fmt.Errorf("%q: %w", line, err)
		}
	}
	c.inherit(common, removed)
	return c, nil
}

// inherit adds the headers of the file, except those that the case sets or removes itself.
func (c *Case) inherit(common Case, removed map[string]bool) {
	for name, values := range common.Header {
		if _, own := c.Header[name]; !own && !removed[name] {
			c.Header[name] = values
		}
	}
	for _, name := range common.NoHeader {
		if _, own := c.WantHeader[name]; !own {
			c.NoHeader = append(c.NoHeader, name)
		}
	}
	for name, pattern := range common.WantHeader {
		if _, own := c.WantHeader[name]; !own && !slices.Contains(c.NoHeader, name) {
			c.WantHeader[name] = pattern
		}
	}
}

func (c *Case) parseRequest(line string, removed map[string]bool) {
	if m := requestLine.FindStringSubmatch(line); m != nil {
		c.Method, c.Target = m[1], m[2]
	} else if m := headerLine.FindStringSubmatch(line); m != nil {
		c.Header.Add(m[1], m[2])
	} else if m := absentLine.FindStringSubmatch(line); m != nil {
		removed[http.CanonicalHeaderKey(m[1])] = true
	} else {
		c.Body += line
	}
}

func (c *Case) parseResponse(line string) error {
	if statusLine.MatchString(line) {
		var err error
		c.Status, err = strconv.Atoi(line)
		return err
	}
	if m := headerLine.FindStringSubmatch(line); m != nil {
		name, more := http.CanonicalHeaderKey(m[1]), m[2]
		if first, repeated := c.WantHeader[name]; repeated {
			more = first + "\n" + more
		}
		c.WantHeader[name] = more
	} else if m := absentLine.FindStringSubmatch(line); m != nil {
		c.NoHeader = append(c.NoHeader, http.CanonicalHeaderKey(m[1]))
	} else {
		c.WantJSON += line
	}
	return nil
}

func (c *Case) parseDirective(line string) error {
	kind, value, _ := strings.Cut(line, ": ")
	switch line {
	case "cost: none":
		c.NoCost = true
	case "body: chunked", "body: short":
		c.Framing = value
	case "http: 1.0", "http: 2":
		c.Proto = value
	default:
		return fmt.Errorf("unknown directive %q", kind)
	}
	return nil
}

var (
	repeated = regexp.MustCompile(`\{([^{}]+)\*(\d+)\}`)
	oneByte  = regexp.MustCompile(`\{0x([0-9a-f]{2})\}`)
	basic    = regexp.MustCompile(`\{basic ([^{}]*)\}`)
)

// expand replaces {x*3}, {0xff} and {basic id:secret}.
func expand(line string) string {
	line = repeated.ReplaceAllStringFunc(line, func(found string) string {
		m := repeated.FindStringSubmatch(found)
		count, _ := strconv.Atoi(m[2]) // the expression matches only digits
		return strings.Repeat(m[1], count)
	})
	line = oneByte.ReplaceAllStringFunc(line, func(found string) string {
		value, _ := strconv.ParseUint(found[3:5], 16, 8) // the expression matches two hexadecimal digits
		return string([]byte{byte(value)})
	})
	return basic.ReplaceAllStringFunc(line, func(found string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(basic.FindStringSubmatch(found)[1]))
	})
}
