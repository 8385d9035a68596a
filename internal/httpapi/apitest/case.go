package apitest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

// Case is one request and the response that it must get.
type Case struct {
	Name    string
	File    string
	NoCost  bool   // cost: none
	Framing string // body: chunked or short; empty: with Content-Length
	Proto   string // http: 1.0 or 2; empty: 1.1

	Method string
	Target string
	Header http.Header
	Body   string

	Status     int
	WantHeader map[string]string // name to pattern; a header that is sent twice has two lines
	NoHeader   []string          // names that must be absent
	WantJSON   string            // empty: the body must be empty
}

// Load reads all cases of the .txt files in a directory.
func Load(dir string) ([]Case, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	var all []Case
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // the directory is chosen by a test
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
