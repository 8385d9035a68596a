package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

// PublicKey is a key as the JWKS publishes it (RFC 7517). It has public members only.
type PublicKey struct {
	KeyType   string // kty
	Use       string // sig
	Algorithm string // alg
	ID        string // kid
	Curve     string // crv, for EC and OKP
	X, Y      string // for EC; only X for OKP
	N, E      string // for RSA
}

// jwkMembers is a PublicKey with the member names of RFC 7517 and RFC 7518 §6.
type jwkMembers struct {
	KeyType   string `json:"kty"`
	Use       string `json:"use,omitempty"`
	Algorithm string `json:"alg,omitempty"`
	ID        string `json:"kid,omitempty"`
	Curve     string `json:"crv,omitempty"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
	N         string `json:"n,omitempty"`
	E         string `json:"e,omitempty"`
}

// Keys returns the published keys, lowest generation first. For the same rows the list changes only
// with the time.
func (r *Ring) Keys() []PublicKey {
	keys := r.published()
	public := make([]PublicKey, len(keys))
	for i, k := range keys {
		public[i] = k.jwk
	}
	return public
}

// Algorithms returns the algorithms of the published keys, sorted and without duplicates.
func (r *Ring) Algorithms() []string {
	var algs []string
	for _, k := range r.published() {
		algs = append(algs, k.row.Algorithm)
	}
	slices.Sort(algs)
	return slices.Compact(algs)
}

// publicKey returns the JWKS form of a key. The kid is the key's thumbprint (RFC 7638). It returns an
// error if the key does not fit alg.
func publicKey(public crypto.PublicKey, alg string) (PublicKey, error) {
	if !fits(public, alg) {
		return PublicKey{}, fmt.Errorf("its public key is not a key for %q", alg)
	}
	k, err := jwk.FromRaw(public)
	if err != nil {
		return PublicKey{}, err
	}
	thumbprint, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		return PublicKey{}, err
	}
	text, err := json.Marshal(k)
	if err != nil {
		return PublicKey{}, err
	}
	var members jwkMembers
	if err := json.Unmarshal(text, &members); err != nil {
		return PublicKey{}, err
	}
	members.Use, members.Algorithm = "sig", alg
	members.ID = base64.RawURLEncoding.EncodeToString(thumbprint)
	return PublicKey(members), nil
}

// fits reports whether public is a public key that can verify alg (RFC 7518 §3.1).
func fits(public crypto.PublicKey, alg string) bool {
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		return alg == ES256 && k.Curve == elliptic.P256()
	case *rsa.PublicKey:
		return alg == RS256 && k.N.BitLen() >= 2048
	case ed25519.PublicKey:
		return alg == EdDSA
	}
	return false
}

// parsePublic reads the JWK of a stored key.
func parsePublic(text []byte) (crypto.PublicKey, error) {
	k, err := jwk.ParseKey(text)
	if err != nil {
		return nil, errors.New("its public key is not a JWK")
	}
	var raw any
	if err := k.Raw(&raw); err != nil {
		return nil, errors.New("its public key cannot be used")
	}
	return raw, nil
}
