package apitest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// Canaries are texts that stand for secrets. Each is in one request only, so that every other place
// where it appears is a leak.
type Canaries struct {
	mu  sync.Mutex
	all map[string]canary // by core
}

type canary struct {
	what  string            // it stands for
	forms map[string]string // how it may be written, by notation
}

// New returns a canary: a random core between characters that need escapes in every notation.
func (c *Canaries) New(what string) string {
	core := rand.Text()
	c.Add(what, core)
	return `A1"<é&+ ` + core + `%\>`
}

// Add adds a secret that somebody else made, such as a token. Only its last 32 characters are looked
// for, because a token begins with what is no secret.
func (c *Canaries) Add(what, secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[string]canary{}
	}
	core := secret[max(0, len(secret)-32):]
	c.all[core] = canary{what, notations(core)}
}

// Found returns what of the canaries is in a text, in any notation: as it is (which includes all
// notations with escapes), hexadecimal, base64 at any offset, and as numbers.
func (c *Canaries) Found(text string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []string
	for _, one := range c.all {
		for notation, form := range one.forms {
			if strings.Contains(text, form) {
				found = append(found, one.what+", "+notation)
			}
		}
	}
	slices.Sort(found)
	return found
}

// notations returns how a text may be written. Random characters need no escapes.
func notations(core string) map[string]string {
	all := map[string]string{
		"as it is": core, "in hexadecimal": hex.EncodeToString([]byte(core)), "in upper-case hexadecimal": fmt.Sprintf("%X", core),
		"as numbers": strings.Trim(fmt.Sprintf("%d", []byte(core)), "[]"), "in upper case": strings.ToUpper(core), "in lower case": strings.ToLower(core),
	}
	for offset := range 3 {
		// Of what precedes and follows, only the bits in the first and last characters are unknown.
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", offset) + core))
		text = text[(offset*8+5)/6 : (offset+len(core))*8/6]
		all[fmt.Sprint("in base64 at offset ", offset)] = text
		all[fmt.Sprint("in base64url at offset ", offset)] = strings.NewReplacer("+", "-", "/", "_").Replace(text)
	}
	return all
}

// secretNames are the properties of requests whose values are secrets, and plainNames those whose
// names only look as if they were.
var (
	secretNames = []string{"password", "current_password", "client_secret", "client_assertion", "refresh_token", "token", "access_token", "code", "secret"}
	plainNames  = []string{"access_token_algorithm", "token_type_hint", "scopes", "scope"}
)

// CanaryRequest is a request with canaries.
type CanaryRequest struct {
	Operation string // its operationId
	Request   *http.Request
}

// Requests returns requests for every operation of a contract, with canaries in the query, in the
// headers, and in each secret of the body: for each operation one without credentials of its own, one
// with malformed JSON or form, and one for each of the authorizations, the values of the header.
func (c *Canaries) Requests(spec *openapi3.T, server string, authorizations ...string) ([]CanaryRequest, error) {
	var all []CanaryRequest
	paths := spec.Paths.Map()
	for _, path := range slices.Sorted(mapKeys(paths)) {
		for method, op := range paths[path].Operations() {
			for _, authorization := range append([]string{"", "malformed"}, authorizations...) {
				r, err := c.request(server+examplePath(path), method, op, authorization)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", op.OperationID, err)
				}
				all = append(all, CanaryRequest{op.OperationID, r})
			}
		}
	}
	return all, nil
}

func mapKeys[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

// examplePath fills in the parameters of a path.
func examplePath(path string) string {
	return strings.NewReplacer("{id}", "5f0c6c1e-9b0e-4a3e-8a64-0d7b8c7f3a11", "{role}", "ROLE_USER", "{name}", "ROLE_CANARY").Replace(path)
}

func (c *Canaries) request(address, method string, op *openapi3.Operation, authorization string) (*http.Request, error) {
	contentType, body, err := c.body(op)
	if err != nil {
		return nil, err
	}
	switch authorization {
	case "malformed":
		body = strings.TrimSuffix(body, "}") + "&password=%zz"
	case "":
		authorization = "Bearer " + c.New(op.OperationID+": bearer token")
	}
	if contentType != formType || authorization == "malformed" { // no form may come with secrets in the URL
		address += "?" + url.Values{"password": {c.New(op.OperationID + ": password in the URL")}, "cursor": {c.New(op.OperationID + ": cursor")}}.Encode()
	}
	r, err := http.NewRequest(method, address, strings.NewReader(body)) //nolint:noctx // the sender sets the context
	if err != nil {
		return nil, err
	}
	if authorization == "malformed" {
		authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte("web:"+c.New(op.OperationID+": client secret in Basic")))
		r.Header.Set("Cookie", "latchkey_access="+url.QueryEscape(c.New(op.OperationID+": access cookie"))+"; latchkey_refresh="+url.QueryEscape(c.New(op.OperationID+": refresh cookie")))
	}
	r.Header.Set("Authorization", authorization)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r, nil
}

const formType = "application/x-www-form-urlencoded"

// body returns a body that is valid under the schema of the operation, with canaries as secrets.
func (c *Canaries) body(op *openapi3.Operation) (contentType, body string, err error) {
	if op.RequestBody == nil {
		return "", "", nil
	}
	for contentType, media := range op.RequestBody.Value.Content {
		value, err := c.value(op.OperationID, "", media.Schema.Value)
		if err != nil {
			return "", "", err
		}
		if contentType != formType {
			text, err := json.Marshal(value)
			return contentType, string(text), err
		}
		form := url.Values{}
		for name, v := range value.(map[string]any) { //nolint:forcetypeassert // a form is an object
			form.Set(name, fmt.Sprint(v))
		}
		return contentType, form.Encode(), nil
	}
	return "", "", nil
}

// value returns a value for a schema.
func (c *Canaries) value(operation, name string, s *openapi3.Schema) (any, error) {
	if len(s.AllOf) > 0 {
		s = s.AllOf[0].Value
	}
	switch {
	case slices.Contains(secretNames, name):
		return c.New(operation + ": " + name), nil
	case looksSecret(name) && !slices.Contains(plainNames, name):
		return nil, fmt.Errorf("is %q a secret? Add it to secretNames or plainNames", name)
	case len(s.Enum) > 0:
		return s.Enum[0], nil
	case s.Type.Is("object"):
		object := map[string]any{}
		for name, property := range s.Properties {
			v, err := c.value(operation, name, property.Value)
			if err != nil {
				return nil, err
			}
			object[name] = v
		}
		return object, nil
	case s.Type.Is("array"):
		item, err := c.value(operation, name, s.Items.Value)
		return []any{item}, err
	case s.Type.Is("boolean"):
		return true, nil
	case s.Type.Is("integer"), s.Type.Is("number"):
		return 1, nil
	case s.Example != nil:
		return s.Example, nil
	default:
		return "canary" + strings.ToLower(rand.Text()[:8]) + map[bool]string{true: "@example.com"}[strings.Contains(name, "email")], nil
	}
}

func looksSecret(name string) bool {
	return slices.ContainsFunc([]string{"password", "secret", "token", "key", "code", "assertion", "otp", "pin"}, func(part string) bool {
		return strings.Contains(strings.ToLower(name), part)
	})
}
