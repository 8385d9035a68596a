package httpapi

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// clientClaim reads how the client authenticates: by HTTP Basic or in the body, not both
// (RFC 6749 §2.3). Basic with nothing in it is what UIs with blank client fields send, and counts
// as no authentication.
func clientClaim(header http.Header, form url.Values) (oauth.Credentials, error) {
	body := oauth.Pair{ID: form.Get("client_id"), Secret: form.Get("client_secret")}
	basic, supported, err := basicClaim(header)
	switch {
	case err != nil:
		return oauth.Credentials{}, err
	case !supported || form.Has("client_assertion"):
		return oauth.Credentials{Unsupported: true}, nil
	case len(basic) == 0 && body == oauth.Pair{}:
		return oauth.Credentials{}, nil
	case len(basic) == 0 && body.ID == "":
		return oauth.Credentials{}, malformed("the parameter client_id is missing beside client_secret")
	case len(basic) == 0:
		return oauth.Credentials{Pairs: []oauth.Pair{body}}, nil
	case body.ID != "" && !slices.ContainsFunc(basic, func(p oauth.Pair) bool { return p.ID == body.ID }):
		return oauth.Credentials{}, malformed("the client_id in the body is not the one in the Authorization header")
	case body.Secret == "":
		return oauth.Credentials{Pairs: basic}, nil
	case basic[0].Secret != "":
		return oauth.Credentials{}, malformed("the client authenticates in two ways; use one")
	}
	for i := range basic {
		basic[i].Secret = body.Secret
	}
	return oauth.Credentials{Pairs: basic}, nil
}

// basicClaim reads HTTP Basic (RFC 7617). RFC 6749 §2.3.1 has id and secret form-encoded first, many
// clients send them raw: both readings are given, encoded first. supported is false for another
// scheme and for what cannot be read.
func basicClaim(header http.Header) (pairs []oauth.Pair, supported bool, err error) {
	values := header.Values(echo.HeaderAuthorization)
	switch len(values) {
	case 0:
		return nil, true, nil
	case 1:
	default:
		return nil, false, malformed("more than one Authorization header")
	}
	scheme, encoded, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "basic") {
		return nil, false, nil
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimLeft(encoded, " "))
	if err != nil {
		return nil, false, nil //nolint:nilerr // not a fault of ours: the client is not authenticated
	}
	id, secret, found := strings.Cut(string(decoded), ":")
	if !found {
		return nil, false, nil
	}
	if id == "" && secret == "" {
		return nil, true, nil
	}
	raw := oauth.Pair{ID: id, Secret: secret}
	plainID, idErr := url.QueryUnescape(id)
	plainSecret, secretErr := url.QueryUnescape(secret)
	if unescaped := (oauth.Pair{ID: plainID, Secret: plainSecret}); idErr == nil && secretErr == nil && unescaped != raw {
		pairs = append(pairs, unescaped)
	}
	return append(pairs, raw), true, nil
}
