package bearer

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

// key is a public key and the only algorithm that it is used with.
type key struct {
	algorithm string
	public    any // as package jwt wants it
}

// jwk is a member of a JWK set (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).
type jwk struct {
	Kid string `json:"kid"`
	Kty string `json:"kty"`
	Use string `json:"use"`
	Alg string `json:"alg"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
	N   string `json:"n"`
	E   string `json:"e"`
}

// parseKeys returns the keys of a JWK set by kid. It leaves out those that it cannot use, so that a new
// kind of key does not disable the others. A set without a usable key is an error.
func parseKeys(raw []byte) (map[string]key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf("not a JWK set: %w", err)
	}
	keys := map[string]key{}
	for _, member := range set.Keys {
		var k jwk
		if json.Unmarshal(member, &k) != nil || k.Kid == "" || k.Use != "" && k.Use != "sig" {
			continue
		}
		if _, taken := keys[k.Kid]; taken {
			return nil, errors.New("two keys of the JWK set have the same kid")
		}
		if parsed, err := k.parse(); err == nil {
			keys[k.Kid] = parsed
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the JWK set has no usable key")
	}
	return keys, nil
}

func (k jwk) parse() (key, error) {
	parsers := map[string]struct {
		algorithm string
		parse     func() (any, error)
	}{
		"EC P-256":    {"ES256", k.ecdsa},
		"OKP Ed25519": {"EdDSA", k.ed25519},
		"RSA ":        {"RS256", k.rsa},
	}
	kind, ok := parsers[k.Kty+" "+k.Crv]
	if !ok || k.Alg != "" && k.Alg != kind.algorithm {
		return key{}, errors.New("unknown kind of key")
	}
	public, err := kind.parse()
	return key{algorithm: kind.algorithm, public: public}, err
}

func (k jwk) ecdsa() (any, error) {
	x, y := decode(k.X), decode(k.Y)
	if len(x) != 32 || len(y) != 32 {
		return nil, errors.New("a coordinate does not have 32 bytes")
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
}

func (k jwk) ed25519() (any, error) {
	x := decode(k.X)
	if len(x) != ed25519.PublicKeySize {
		return nil, errors.New("the key does not have 32 bytes")
	}
	return ed25519.PublicKey(x), nil
}

func (k jwk) rsa() (any, error) {
	n, e := decode(k.N), decode(k.E)
	if len(n) > 1024 || len(e) == 0 || len(e) > 4 {
		return nil, errors.New("the modulus or the exponent is too long")
	}
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	if public.N.BitLen() < 2048 || public.E < 3 || public.E%2 == 0 {
		return nil, errors.New("the modulus or the exponent is too small")
	}
	return public, nil
}

// decode returns nil for what is not canonical base64url.
func decode(text string) []byte {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil
	}
	return raw
}
