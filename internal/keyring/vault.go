package keyring

import "fmt"

// Vault encrypts the shared keys of clients under the master secret. It is safe for concurrent use.
type Vault struct{ sealer sealer }

// NewVault returns a vault that encrypts with the first of the master secrets and decrypts with whichever
// was used.
func NewVault(secrets [][]byte) (*Vault, error) {
	s, err := newSealerFor(secrets, "latchkey/client-key-seal/1")
	return &Vault{s}, err
}

// Seal encrypts the key of a client and binds it to the client, so that it cannot be moved to another.
func (v *Vault) Seal(client string, key []byte) []byte {
	return v.sealer.sealAs(clientKey(client), key)
}

// Open decrypts what Seal returned for the same client.
func (v *Vault) Open(client string, sealed []byte) ([]byte, error) {
	key, err := v.sealer.openAs(clientKey(client), sealed)
	if err != nil {
		return nil, fmt.Errorf("keyring: the shared key of client %q cannot be opened: %w; "+
			"LATCHKEY_SECRET is not the one it was stored with, or the row has been changed; %s", client, err, useStoredSecret)
	}
	return key, nil
}

// Current reports whether a key is sealed with the first secret, so that it needs no other.
func (v *Vault) Current(sealed []byte) bool { return v.sealer.current(sealed) }

// clientKey is the associated data of a client's key. The id of a client cannot contain a NUL.
func clientKey(client string) []byte { return []byte("latchkey/client-key/1\x00" + client) }
