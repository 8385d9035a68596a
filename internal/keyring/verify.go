package keyring

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/lestrrat-go/jwx/v2/jws"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// Bounds on what is looked at. A token with fifty roles is below the first.
const (
	maxToken  = 4096
	maxHeader = 512
)

// Verify checks a token in the order of cost: its shape, its header, the signature, its claims
// (RFC 8725 §3). The fault is hidden in the error, for the log; it holds no part of the token.
func (r *Ring) Verify(token string) (oauth.Claims, error) {
	claims, err := r.verify(token)
	if err != nil {
		return oauth.Claims{}, oauth.ErrInvalidToken.Wrap(err)
	}
	return claims, nil
}

func (r *Ring) verify(token string) (oauth.Claims, error) {
	header, err := dissect(token)
	if err != nil {
		return oauth.Claims{}, err
	}
	k, err := r.keyFor(header)
	if err != nil {
		return oauth.Claims{}, err
	}
	// The algorithm is that of the key, never that of the header (RFC 8725 §3.1).
	body, err := jws.Verify([]byte(token), jws.WithCompact(), jws.WithKey(k.signature(), k.public))
	if err != nil {
		return oauth.Claims{}, errors.New("the signature does not match")
	}
	return r.claims(body)
}

// dissect gives the header of a token that has the form of a compact JWS (RFC 7515 §7.1).
func dissect(token string) (header []byte, err error) {
	if len(token) > maxToken {
		return nil, errors.New("longer than 4096 bytes")
	}
	if strings.Count(token, ".") != 2 {
		return nil, errors.New("not three segments")
	}
	segments := strings.Split(token, ".")
	for i, segment := range segments {
		plain, err := decode(segment)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			header = plain
		}
	}
	if len(header) > maxHeader {
		return nil, errors.New("a header longer than 512 bytes")
	}
	return header, nil
}

// decode reads base64url in its one canonical spelling: the decoder alone would skip line ends.
func decode(segment string) ([]byte, error) {
	plain, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil || len(plain) == 0 || strings.ContainsAny(segment, "\r\n") {
		return nil, errors.New("a segment that is empty or not canonical base64url")
	}
	return plain, nil
}

// keyFor gives the published key that the header names, if the header is one that we write: alg,
// typ and kid, once each, and no other member. That rules out crit, b64, zip, enc and every way of
// bringing a key along (jku, jwk, x5u, x5c).
func (r *Ring) keyFor(header []byte) (*key, error) {
	members, err := object(header)
	if err != nil {
		return nil, err
	}
	if len(members) != 3 {
		return nil, errors.New("a header with other members than alg, typ and kid")
	}
	var alg, typ, kid string
	for name, to := range map[string]*string{"alg": &alg, "typ": &typ, "kid": &kid} {
		if err := json.Unmarshal(members[name], to); err != nil {
			return nil, errors.New("a header without a string " + name)
		}
	}
	if typ != r.o.Type {
		return nil, errors.New("a token of another type")
	}
	k := r.find(kid)
	if k == nil {
		return nil, errors.New("an unknown key")
	}
	if alg != k.row.Algorithm {
		return nil, errors.New("not the algorithm of the key")
	}
	return k, nil
}
