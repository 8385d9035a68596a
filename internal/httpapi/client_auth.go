package httpapi

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// clientAuth returns the client credentials of the request, as oauthForm has read them.
func clientAuth(ctx context.Context) oauth.Credentials { return stateOf(ctx).client }

// readClientAuth reads the client credentials from the Authorization header or from the form, not
// both (RFC 6749 §2.3). HTTP Basic with an empty id and secret counts as no authentication: user
// interfaces send it when their client fields are blank.
func readClientAuth(header http.Header, form url.Values) (oauth.Credentials, error) {
	basic, supported, err := readBasicAuth(header)
	switch {
	case err != nil:
		return oauth.Credentials{}, err
	case !supported || form.Has("client_assertion"):
		return oauth.Credentials{Unsupported: true}, nil
	}
	body := oauth.Pair{ID: form.Get("client_id"), Secret: form.Get("client_secret")}
	if len(basic) == 0 {
		return formCredentials(body)
	}
	return basicCredentials(basic, body)
}

// formCredentials returns the credentials of a request without HTTP Basic.
func formCredentials(body oauth.Pair) (oauth.Credentials, error) {
	switch {
	case body == oauth.Pair{}:
		return oauth.Credentials{}, nil
	case body.ID == "":
		return oauth.Credentials{}, invalidRequest("client_secret was sent without client_id")
	default:
		return oauth.Credentials{Pairs: []oauth.Pair{body}}, nil
	}
}

// basicCredentials returns the credentials of a request with HTTP Basic. The form may repeat the
// client id. It may contain the secret only if the header has none.
func basicCredentials(basic []oauth.Pair, body oauth.Pair) (oauth.Credentials, error) {
	sameID := func(p oauth.Pair) bool { return p.ID == body.ID }
	switch {
	case body.ID != "" && !slices.ContainsFunc(basic, sameID):
		return oauth.Credentials{}, invalidRequest("the client_id in the body differs from the one in the Authorization header")
	case body.Secret == "":
		return oauth.Credentials{Pairs: basic}, nil
	case basic[0].Secret != "":
		return oauth.Credentials{}, invalidRequest("send the client secret in the Authorization header or in the body, not in both")
	}
	for i := range basic {
		basic[i].Secret = body.Secret
	}
	return oauth.Credentials{Pairs: basic}, nil
}

// readBasicAuth reads HTTP Basic (RFC 7617). RFC 6749 §2.3.1 requires form-encoding of id and
// secret, but many clients send them raw. Therefore it returns both readings if they differ, the
// decoded one first. supported is false for another scheme and for a malformed header.
func readBasicAuth(header http.Header) (pairs []oauth.Pair, supported bool, err error) {
	values := header.Values(echo.HeaderAuthorization)
	switch len(values) {
	case 0:
		return nil, true, nil
	case 1:
	default:
		return nil, false, invalidRequest("send only one Authorization header")
	}
	raw, ok := parseBasic(values[0])
	if !ok {
		return nil, false, nil
	}
	if raw == (oauth.Pair{}) {
		return nil, true, nil
	}
	id, idErr := url.QueryUnescape(raw.ID)
	secret, secretErr := url.QueryUnescape(raw.Secret)
	if decoded := (oauth.Pair{ID: id, Secret: secret}); idErr == nil && secretErr == nil && decoded != raw {
		pairs = append(pairs, decoded)
	}
	return append(pairs, raw), true, nil
}

// parseBasic returns the raw id and secret of an Authorization header with the scheme Basic.
func parseBasic(header string) (oauth.Pair, bool) {
	scheme, encoded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "basic") {
		return oauth.Pair{}, false
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimLeft(encoded, " "))
	if err != nil {
		return oauth.Pair{}, false
	}
	id, secret, found := strings.Cut(string(decoded), ":")
	return oauth.Pair{ID: id, Secret: secret}, found
}
