package client

import (
	"io"
	"net/http"
)

// HTTPClient returns a client that sends the access token of the source with every request, to any API that
// accepts it, and to this service through [WithHTTPClient]. A request that is answered with 401 is sent
// once more, with a new token, if its body can be read again. A redirect to another host gets no token.
func (s *TokenSource) HTTPClient() *http.Client {
	return &http.Client{Transport: &Transport{Source: s}}
}

// Transport adds the access token of a source to the requests of another transport.
type Transport struct {
	Source *TokenSource
	Base   http.RoundTripper // nil means http.DefaultTransport
}

// RoundTrip sends a request with a token (RFC 6750 §2.1).
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	if r.Response != nil && r.Response.Request != nil && r.Response.Request.URL.Host != r.URL.Host {
		return base.RoundTrip(r)
	}
	token, err := t.Source.Token(r.Context())
	if err != nil {
		closeBody(r)
		return nil, err
	}
	response, err := base.RoundTrip(withToken(r, token.AccessToken))
	if err != nil || response.StatusCode != http.StatusUnauthorized || r.Body != nil && r.GetBody == nil {
		return response, err
	}
	again, err := t.Source.Refresh(r.Context(), token.AccessToken)
	if err != nil {
		return response, nil //nolint:nilerr // the refusal is what the caller must see
	}
	retry := withToken(r, again.AccessToken)
	if r.Body != nil {
		if retry.Body, err = r.GetBody(); err != nil {
			return response, nil //nolint:nilerr // the same
		}
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection is used again
	_ = response.Body.Close()
	return base.RoundTrip(retry)
}

// withToken returns a copy of a request with the token: a transport must not change the request.
func withToken(r *http.Request, token string) *http.Request {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}
