package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// The algorithms that a key may have. There is no other: neither none nor a symmetric one.
const (
	ES256 = "ES256"
	RS256 = "RS256"
	EdDSA = "EdDSA"
)

// rsaBits is the size of new RSA keys.
const rsaBits = 3072

// key is a row made usable.
type key struct {
	row     oauth.SigningKey
	private crypto.Signer // nil once it has been erased
	current bool          // sealed under the first secret
	public  crypto.PublicKey
	shown   oauth.PublicKey
}

// newPrivate makes a private key.
func newPrivate(alg string) (crypto.Signer, error) {
	switch alg {
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RS256:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	case EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return nil, fmt.Errorf("keyring: there is no algorithm %q: choose ES256, RS256 or EdDSA", alg)
}

// newRow seals a private key into a row.
func newRow(private crypto.Signer, alg string, generation int64, now, from time.Time, s sealer) (oauth.SigningKey, error) {
	shown, err := show(private.Public(), alg)
	if err != nil {
		return oauth.SigningKey{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return oauth.SigningKey{}, err
	}
	public, err := json.Marshal(jwkMembers(shown))
	if err != nil {
		return oauth.SigningKey{}, err
	}
	return oauth.SigningKey{
		ID: shown.ID, Generation: generation, Algorithm: alg,
		Public: public, Sealed: s.seal(shown.ID, alg, der),
		CreatedAt: now, SignsFrom: from,
	}, nil
}

// load opens a row and holds it against itself: the kid must be the thumbprint of the public half,
// and the public half that of the private one.
func load(row oauth.SigningKey, s sealer) (*key, error) {
	public, err := parsePublic(row.Public)
	if err != nil {
		return nil, err
	}
	shown, err := show(public, row.Algorithm)
	if err != nil {
		return nil, err
	}
	if shown.ID != row.ID {
		return nil, errTampered
	}
	k := &key{row: row, current: s.current(row.Sealed), public: public, shown: shown}
	k.private, err = openPrivate(row, s)
	if err != nil || k.private == nil {
		return k, err
	}
	if half, ok := k.private.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !half.Equal(public) {
		return nil, errTampered
	}
	return k, nil
}

// openPrivate unseals the private half. An erased one is nothing, sealed: a row is ours only if its
// seal says so, lest whoever can write rows adds a public key of his own.
func openPrivate(row oauth.SigningKey, s sealer) (crypto.Signer, error) {
	der, err := s.open(row.ID, row.Algorithm, row.Sealed)
	if err != nil {
		return nil, err
	}
	if len(der) == 0 {
		return nil, nil
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errTampered
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, errTampered
	}
	return signer, nil
}

// parsePublic reads a public JWK.
func parsePublic(text []byte) (crypto.PublicKey, error) {
	k, err := jwk.ParseKey(text)
	if err != nil {
		return nil, errors.New("its public half is no JWK")
	}
	var raw any
	if err := k.Raw(&raw); err != nil {
		return nil, errors.New("its public half is not usable")
	}
	return raw, nil
}

// show gives the public members of a key that suits alg. The kid is its thumbprint (RFC 7638).
func show(public crypto.PublicKey, alg string) (oauth.PublicKey, error) {
	if !suits(public, alg) {
		return oauth.PublicKey{}, fmt.Errorf("it is no key for %q", alg)
	}
	k, err := jwk.FromRaw(public)
	if err != nil {
		return oauth.PublicKey{}, err
	}
	thumbprint, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		return oauth.PublicKey{}, err
	}
	text, err := json.Marshal(k)
	if err != nil {
		return oauth.PublicKey{}, err
	}
	var members jwkMembers
	if err := json.Unmarshal(text, &members); err != nil {
		return oauth.PublicKey{}, err
	}
	members.Use, members.Algorithm = "sig", alg
	members.ID = base64.RawURLEncoding.EncodeToString(thumbprint)
	return oauth.PublicKey(members), nil
}

// suits says whether a public key can verify alg (RFC 7518 §3.1), and is none of a private kind.
func suits(public crypto.PublicKey, alg string) bool {
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

// jwkMembers is oauth.PublicKey with the names of RFC 7517 and RFC 7518 §6.
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

// signature is the name of the algorithm as jwx spells it.
func (k *key) signature() jwa.SignatureAlgorithm {
	return jwa.SignatureAlgorithm(k.row.Algorithm)
}
