package apitest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Case is one request and the answer it must get.
type Case struct {
	Name  string
	File  string
	Free  bool   // cost: none
	Frame string // body: chunked or short; empty: with its length
	Proto string // http: 1.0 or 2; empty: 1.1

	Method string
	Target string
	Header http.Header
	Body   string

	Status int
	Want   map[string]string // headers by pattern
	Absent []string          // headers
	JSON   string            // empty: an empty body
}

var (
	requestLine = regexp.MustCompile(`^([A-Z]+) (\S+)$`)
	headerLine  = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*):(?: (.*))?$`)
	absentLine  = regexp.MustCompile(`^!([A-Za-z][A-Za-z0-9-]*)$`)
	statusLine  = regexp.MustCompile(`^\d{3}$`)
)

// Load reads all cases of the .txt files in a directory.
func Load(dir string) ([]Case, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	var all []Case
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // the tests name the directory
		if err != nil {
			return nil, err
		}
		cases, err := parse(filepath.Base(file), string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, cases...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no cases in %s", dir)
	}
	return all, nil
}

// parse reads one file.
func parse(file, text string) ([]Case, error) {
	blocks := strings.Split("\n"+text, "\n== ")
	common, err := Case{File: file}.add(strings.Split(blocks[0], "\n"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var cases []Case
	seen := map[string]bool{}
	for _, block := range blocks[1:] {
		name, rest, _ := strings.Cut(block, "\n")
		c, err := common.add(strings.Split(rest, "\n"))
		if err == nil {
			err = c.complete(seen[name])
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

// complete says what a case lacks. A vector that cannot fail shall not pass.
func (c Case) complete(twice bool) error {
	switch {
	case twice:
		return fmt.Errorf("two cases have this name")
	case c.Method == "" || c.Status == 0:
		return fmt.Errorf("a case needs a request line and a status")
	}
	return nil
}

// add gives the case with more lines; the case itself stays as it is.
func (c Case) add(lines []string) (Case, error) {
	common := c
	c.Header, c.Want = http.Header{}, map[string]string{}
	c.Absent = nil
	removed := map[string]bool{}
	for _, line := range lines {
		kind, rest, _ := strings.Cut(line, " ")
		var err error
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case kind == ">":
			c.request(expand(rest), removed)
		case kind == "<":
			err = c.response(rest)
		default:
			err = c.directive(kind, rest)
		}
		if err != nil {
			return c, fmt.Errorf("%q: %w", line, err)
		}
	}
	c.inherit(common, removed)
	return c, nil
}

// inherit takes over what the file says and the case does not.
func (c *Case) inherit(common Case, removed map[string]bool) {
	for name, values := range common.Header {
		if _, own := c.Header[name]; !own && !removed[name] {
			c.Header[name] = values
		}
	}
	for _, name := range common.Absent {
		if _, own := c.Want[name]; !own {
			c.Absent = append(c.Absent, name)
		}
	}
	for name, pattern := range common.Want {
		if _, own := c.Want[name]; !own && !contains(c.Absent, name) {
			c.Want[name] = pattern
		}
	}
}

func (c *Case) request(line string, removed map[string]bool) {
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

func (c *Case) response(line string) error {
	if statusLine.MatchString(line) {
		var err error
		c.Status, err = strconv.Atoi(line)
		return err
	}
	if m := headerLine.FindStringSubmatch(line); m != nil {
		c.Want[http.CanonicalHeaderKey(m[1])] = m[2]
	} else if m := absentLine.FindStringSubmatch(line); m != nil {
		c.Absent = append(c.Absent, http.CanonicalHeaderKey(m[1]))
	} else {
		c.JSON += line
	}
	return nil
}

func (c *Case) directive(kind, value string) error {
	switch kind + " " + value {
	case "cost: none":
		c.Free = true
	case "body: chunked", "body: short":
		c.Frame = value
	case "http: 1.0", "http: 2":
		c.Proto = value
	default:
		return fmt.Errorf("not a line of a vector")
	}
	return nil
}

var (
	repeated = regexp.MustCompile(`\{([^{}]+)\*(\d+)\}`)
	oneByte  = regexp.MustCompile(`\{0x([0-9a-f]{2})\}`)
	basic    = regexp.MustCompile(`\{basic ([^{}]*)\}`)
)

// expand writes out {x*3}, {0xff} and {basic id:secret}.
func expand(line string) string {
	line = repeated.ReplaceAllStringFunc(line, func(found string) string {
		m := repeated.FindStringSubmatch(found)
		count, _ := strconv.Atoi(m[2]) // the expression allows digits alone
		return strings.Repeat(m[1], count)
	})
	line = oneByte.ReplaceAllStringFunc(line, func(found string) string {
		value, _ := strconv.ParseUint(found[3:5], 16, 8) // and two hexadecimal digits
		return string([]byte{byte(value)})
	})
	return basic.ReplaceAllStringFunc(line, func(found string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(basic.FindStringSubmatch(found)[1]))
	})
}

func contains(list []string, name string) bool {
	for _, one := range list {
		if one == name {
			return true
		}
	}
	return false
}
