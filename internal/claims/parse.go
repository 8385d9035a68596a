package claims

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxNumber is the greatest magnitude of an integer that all readers of JSON agree on (RFC 8259 §6).
const maxNumber = 1<<53 - 1

// Parse reads extra claims: a JSON object, or nothing for the empty set. Its only error is *Error.
func Parse(text []byte) (Set, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return Set{}, nil
	}
	if !utf8.Valid(text) {
		return Set{}, &Error{Text: "the claims are not valid UTF-8"}
	}
	p := &parser{dec: json.NewDecoder(bytes.NewReader(text))}
	p.dec.UseNumber()
	node, err := p.value("", 1)
	if err != nil {
		return Set{}, err
	}
	members, ok := node.(map[string]any)
	if !ok {
		return Set{}, &Error{Text: "the claims are not a JSON object"}
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return Set{}, &Error{Text: "there is more after the JSON object"}
	}
	return newSet(members, text, p.dynamic)
}

// newSet checks what concerns the set as a whole.
func newSet(members map[string]any, text []byte, dynamic bool) (Set, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return Set{}, errSyntax
	}
	switch {
	case len(members) == 0:
		return Set{}, nil
	case len(members) > MaxCount:
		return Set{}, &Error{Text: fmt.Sprintf("there are %d claims, more than the limit of %d", len(members), MaxCount)}
	case compact.Len() > MaxSize:
		return Set{}, &Error{Text: fmt.Sprintf("the claims have %d bytes, more than the limit of %d", compact.Len(), MaxSize)}
	}
	return Set{members: members, text: compact.String(), dynamic: dynamic}, nil
}

var errSyntax = &Error{Text: "the claims are not valid JSON"}

// parser reads JSON into maps, slices, templates and the scalars of encoding/json. Unlike that package it
// refuses duplicate names, which two readers might read differently.
type parser struct {
	dec     *json.Decoder
	dynamic bool // a template has been read
}

// value reads the value at a JSON pointer. Its depth is the number of objects and arrays around it, and 1
// for itself if it is one.
func (p *parser) value(at string, depth int) (any, error) {
	token, err := p.dec.Token()
	if err != nil {
		return nil, errSyntax
	}
	switch token := token.(type) {
	case json.Delim:
		if depth > MaxDepth {
			return nil, &Error{at, fmt.Sprintf("objects and arrays are nested deeper than %d levels", MaxDepth)}
		}
		if token == '{' {
			return p.object(at, depth)
		}
		return p.array(at, depth)
	case string:
		return p.text(at, token)
	case json.Number:
		return token, checkNumber(at, token)
	default:
		return token, nil // true, false, null
	}
}

func (p *parser) object(at string, depth int) (any, error) {
	members := map[string]any{}
	for p.dec.More() {
		token, err := p.dec.Token()
		if err != nil {
			return nil, errSyntax
		}
		name, _ := token.(string) // inside an object the decoder returns only strings as names
		here := pointer(at, name)
		if err := checkName(here, name, at == ""); err != nil {
			return nil, err
		}
		if _, duplicate := members[name]; duplicate {
			return nil, &Error{here, fmt.Sprintf("the name %q appears twice in one object", name)}
		}
		if members[name], err = p.value(here, depth+1); err != nil {
			return nil, err
		}
	}
	return members, p.end()
}

func (p *parser) array(at string, depth int) (any, error) {
	elements := []any{}
	for p.dec.More() {
		element, err := p.value(pointer(at, strconv.Itoa(len(elements))), depth+1)
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
	}
	return elements, p.end()
}

// end reads the end of an object or array.
func (p *parser) end() error {
	if _, err := p.dec.Token(); err != nil {
		return errSyntax
	}
	return nil
}

func (p *parser) text(at, s string) (any, error) {
	if strings.ContainsRune(s, utf8.RuneError) {
		return nil, &Error{at, "a string contains invalid Unicode"}
	}
	t, err := parseTemplate(s)
	if err != nil {
		return nil, &Error{at, err.Error()}
	}
	if t == nil {
		return s, nil
	}
	p.dynamic = true
	return t, nil
}

func checkName(at, name string, top bool) error {
	switch {
	case name == "":
		return &Error{at, "a name is empty"}
	case strings.ContainsRune(name, utf8.RuneError):
		return &Error{at, "a name contains invalid Unicode"}
	case strings.Contains(name, opening):
		return &Error{at, fmt.Sprintf("the name %q contains a template; templates work only in values", name)}
	case top && reserved(name):
		return &Error{at, fmt.Sprintf("the claim %q is reserved; extra claims cannot be named %s", name, strings.Join(Reserved, ", "))}
	}
	return nil
}

func checkNumber(at string, n json.Number) error {
	if f, err := n.Float64(); err != nil || f > maxNumber || f < -maxNumber {
		return &Error{at, "a number is beyond 2^53, where readers of JSON disagree; write it as a string"}
	}
	return nil
}
