package keyring

import (
	"context"
	"encoding/json"
	"errors"
)

// Decoded is what an access token says of itself. Nothing in it has been verified.
type Decoded struct {
	Algorithm string                     // alg
	Type      string                     // typ
	KeyID     string                     // kid
	Claims    Claims                     // those that Latchkey writes
	NotBefore int64                      // nbf in Unix seconds, 0 if there is none
	Payload   map[string]json.RawMessage // all claims
	Err       error                      // why the claims are not those of an access token of Latchkey, or nil
}

// Decode reads an access token without verifying it, to show what is in it. It returns an error for a
// text that is not a JWT. The error contains no part of the text.
func Decode(token string) (Decoded, error) {
	_, d, err := decode(token)
	return d, err
}

func decode(token string) (t compactToken, d Decoded, err error) {
	if len(token) > maxToken {
		return t, d, errors.New("longer than 4096 bytes")
	}
	if t, err = parseCompact(token); err != nil {
		return t, d, err
	}
	header, err := parseObject(t.header)
	if err != nil {
		return t, d, err
	}
	if d.Payload, err = parseObject(t.payload); err != nil {
		return t, d, err
	}
	for name, to := range map[string]*string{"alg": &d.Algorithm, "typ": &d.Type, "kid": &d.KeyID} {
		_ = json.Unmarshal(header[name], to) // another type or none is shown as an empty text
	}
	d.Claims, d.NotBefore, d.Err = parseClaims(t.payload)
	return t, d, nil
}

// Signature is what a check of a signature has found.
type Signature string

// The results of CheckSignature.
const (
	SignatureValid      Signature = "valid"
	SignatureWrong      Signature = "wrong"
	SignatureUnknownKey Signature = "unknown_key"
)

// KeyReader reads the stored signing keys.
type KeyReader interface {
	// SigningKeys returns all keys, lowest generation first.
	SigningKeys(ctx context.Context) ([]SigningKey, error)
}

// CheckSignature checks the signature of an access token with the stored public keys. Unlike Verify it
// needs no master secret and looks at neither the claims nor the time.
func CheckSignature(ctx context.Context, keys KeyReader, token string) (Signature, error) {
	t, d, err := decode(token)
	if err != nil {
		return SignatureWrong, nil //nolint:nilerr // a malformed token has no valid signature
	}
	rows, err := keys.SigningKeys(ctx)
	if err != nil {
		return "", err
	}
	for _, row := range rows {
		if row.ID != d.KeyID {
			continue
		}
		public, err := parsePublic(row.Public)
		if err != nil {
			return "", err
		}
		k := key{row: row, public: public}
		if err := k.verify(t); err != nil {
			return SignatureWrong, nil //nolint:nilerr // that is the result
		}
		return SignatureValid, nil
	}
	return SignatureUnknownKey, nil
}
