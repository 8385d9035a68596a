package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
)

// The supported signature algorithms. Neither "none" nor a symmetric one is among them.
const (
	ES256 = "ES256"
	RS256 = "RS256"
	EdDSA = "EdDSA"
)

// rsaBits is the size of new RSA keys.
const rsaBits = 3072

// key is a stored key that has been decrypted and checked.
type key struct {
	row     SigningKey
	private crypto.Signer // nil once it has been erased
	current bool          // sealed with the first secret
	public  crypto.PublicKey
	jwk     PublicKey
}

// newPrivate generates a private key.
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
	return nil, fmt.Errorf("keyring: unknown algorithm %q; choose ES256, RS256 or EdDSA", alg)
}

// newRow returns the row of a private key, which it seals.
func newRow(private crypto.Signer, alg string, generation int64, now, from time.Time, s sealer) (SigningKey, error) {
	public, err := publicKey(private.Public(), alg)
	if err != nil {
		return SigningKey{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return SigningKey{}, err
	}
	text, err := json.Marshal(jwkMembers(public))
	if err != nil {
		return SigningKey{}, err
	}
	return SigningKey{
		ID: public.ID, Generation: generation, Algorithm: alg,
		Public: text, Sealed: s.seal(public.ID, alg, der),
		CreatedAt: now, SignsFrom: from,
	}, nil
}

// load decrypts a row and checks that its parts belong together: the kid must be the thumbprint of
// the public key, and the public key must match the private one.
func load(row SigningKey, s sealer) (*key, error) {
	public, err := parsePublic(row.Public)
	if err != nil {
		return nil, err
	}
	jwk, err := publicKey(public, row.Algorithm)
	if err != nil {
		return nil, err
	}
	if jwk.ID != row.ID {
		return nil, errTampered
	}
	k := &key{row: row, current: s.current(row.Sealed), public: public, jwk: jwk}
	k.private, err = openPrivate(row, s)
	if err != nil || k.private == nil {
		return k, err
	}
	if own, ok := k.private.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !own.Equal(public) {
		return nil, errTampered
	}
	return k, nil
}

// openPrivate decrypts the private key of a row. It returns nil for an erased one, which is stored as
// a sealed empty text: every row must carry a valid seal, or an attacker who can write to the
// database could add a public key.
func openPrivate(row SigningKey, s sealer) (crypto.Signer, error) {
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

// signature returns the algorithm as the type that jwx uses.
func (k *key) signature() jwa.SignatureAlgorithm {
	return jwa.SignatureAlgorithm(k.row.Algorithm)
}
