package keyring

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// Sign returns a token in the compact form of a JWT. An empty issuer or audience is replaced by that
// of the ring. It returns an error rather than a token that Verify would reject: one that is too
// long, or that lacks a claim.
func (r *Ring) Sign(c Claims) (string, error) {
	k := r.keys.Load().signer(r.now())
	if k == nil {
		return "", errors.New("keyring: no key signs at this time")
	}
	header := map[string]string{jws.TypeKey: r.TypeFor(c.Audience), jws.KeyIDKey: k.row.ID}
	token, err := r.sign(c, k.signature(), k.private, header, maxToken)
	if err == nil {
		r.signatures.add(hashToken(token), struct{}{}) // Verify need not compute it again
	}
	return token, err
}

// The limits of SignShared.
const (
	minShared      = 32      // bytes of a key (RFC 7518 §3.2)
	maxSharedToken = 7 << 10 // bytes of a token; common servers allow 8 KiB for a header
)

// SignShared returns a token in the compact form of a JWT, signed with HS256 and a key that a third party
// has as well. Verify rejects it, whatever its claims: no symmetric algorithm belongs to any key of the
// ring, and the header has no kid. Its typ is JWT, because at+jwt promises a token of RFC 9068, which
// those who serve that type could take for theirs (RFC 8725 §3.11), and which many libraries refuse.
func (r *Ring) SignShared(c Claims, key []byte) (string, error) {
	if len(key) < minShared {
		return "", fmt.Errorf("keyring: a shared key has %d bytes, fewer than %d", len(key), minShared)
	}
	return r.sign(c, jwa.HS256, key, map[string]string{jws.TypeKey: TypeJWT}, maxSharedToken)
}

// sign returns a token of at most limit bytes whose header has only alg and the given members.
func (r *Ring) sign(c Claims, alg jwa.SignatureAlgorithm, key any, members map[string]string, limit int) (string, error) {
	body, err := r.encode(c)
	if err != nil {
		return "", fmt.Errorf("keyring: sign: %w", err)
	}
	token, err := compact(body, alg, key, members)
	if err != nil {
		return "", fmt.Errorf("keyring: sign: %w", err)
	}
	if len(token) > limit {
		return "", fmt.Errorf("keyring: the token has %d bytes, more than the limit of %d", len(token), limit)
	}
	return token, nil
}

// usualToken is a number of bytes that few tokens exceed.
const usualToken = 1024

// compact returns the compact form of a JWS (RFC 7515 §7.1). jws.Sign would do the same, but
// takes a sixth longer, because it is also for forms with several signatures.
func compact(body []byte, alg jwa.SignatureAlgorithm, key any, members map[string]string) (string, error) {
	signer, err := jws.NewSigner(alg)
	if err != nil {
		return "", err
	}
	header := map[string]string{jws.AlgorithmKey: alg.String()}
	maps.Copy(header, members)
	text, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	segment := base64.RawURLEncoding.AppendEncode
	input := append(segment(make([]byte, 0, usualToken), text), '.')
	input = segment(input, body)
	signature, err := signer.Sign(input, key)
	return string(segment(append(input, '.'), signature)), err
}
