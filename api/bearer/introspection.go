package bearer

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	maxIntrospection = 64 << 10 // bytes of a response
	maxCached        = 8192     // tokens
)

// introspector asks the service about tokens whose signature has been verified, and remembers the
// responses for a while.
type introspector struct {
	v        *Verifier
	settings Introspection

	mu    sync.Mutex
	cache map[[sha256.Size]byte]introspected
}

type introspected struct {
	until    time.Time
	identity Identity
	active   bool
}

func newIntrospector(v *Verifier, settings Introspection) *introspector {
	return &introspector{v: v, settings: settings, cache: map[[sha256.Size]byte]introspected{}}
}

// check returns the identity as the service sees it now. A nil introspector returns it unchanged.
func (i *introspector) check(ctx context.Context, token string, identity Identity) (Identity, error) {
	if i == nil {
		return identity, nil
	}
	id := sha256.Sum256([]byte(token))
	got, ok := i.cached(id)
	if !ok {
		var err error
		if got, err = i.ask(ctx, token, identity); err != nil {
			return Identity{}, errUnavailable(err)
		}
		i.remember(id, got)
	}
	if !got.active {
		return Identity{}, errInvalid(errors.New("the service says that the token is not active"))
	}
	return got.identity, nil
}

func (i *introspector) ask(ctx context.Context, token string, identity Identity) (introspected, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, i.v.config.URL+"/introspect", strings.NewReader(form.Encode()))
	if err != nil {
		return introspected{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(i.settings.ClientID), url.QueryEscape(i.settings.ClientSecret)) // RFC 6749 §2.3.1
	body, err := i.v.send(r, maxIntrospection)
	if err != nil {
		return introspected{}, err
	}
	var answer struct {
		Active bool     `json:"active"`
		Scope  string   `json:"scope"`
		Roles  []string `json:"roles"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return introspected{}, err
	}
	identity.Scopes, identity.Roles = strings.Fields(answer.Scope), answer.Roles
	return introspected{active: answer.Active, identity: identity}, nil
}

func (i *introspector) cached(id [sha256.Size]byte) (introspected, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	got, ok := i.cache[id]
	return got, ok && time.Now().Before(got.until)
}

// remember stores a response. A full cache is emptied: it fills again with the tokens in use.
func (i *introspector) remember(id [sha256.Size]byte, got introspected) {
	if i.settings.CacheFor <= 0 {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.cache) >= maxCached {
		clear(i.cache)
	}
	got.until = time.Now().Add(i.settings.CacheFor)
	i.cache[id] = got
}
