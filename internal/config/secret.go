package config

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	secretVariable = "LATCHKEY_SECRET"
	minSecret      = 32 // bytes
	devSecretFile  = "dev-secret"
)

// Secrets are the master secrets for the commands that open sealed keys.
type Secrets struct {
	SecretFile string   `name:"secret-file" env:"LATCHKEY_SECRET_FILE" placeholder:"FILE" help:"File with the master secret, as of the service. Or set LATCHKEY_SECRET in the environment. Default: the development secret in the data directory, if there is one."`
	Secrets    [][]byte `kong:"-"`
}

// Resolve reads the secrets: what is configured, or else what development made in dataDir.
func (s *Secrets) Resolve(dataDir string) error {
	if _, fromEnv := os.LookupEnv(secretVariable); !fromEnv && s.SecretFile == "" {
		if known, err := readDevSecret(filepath.Join(dataDir, devSecretFile)); err == nil {
			s.Secrets = [][]byte{known}
			return nil
		}
	}
	var f faults
	s.Secrets = readSecrets(s.SecretFile, false, &f)
	return errors.Join(f...)
}

// readSecrets reads the master secrets of the service. In development one is made when the service
// starts (DevSecret).
func (s *Serve) readSecrets(f *faults) { s.Secrets = readSecrets(s.SecretFile, s.Dev, f) }

// readSecrets reads the master secrets from the environment or a file; there may be none if optional.
func readSecrets(file string, optional bool, f *faults) [][]byte {
	text, fromEnv := os.LookupEnv(secretVariable)
	switch {
	case fromEnv && file != "":
		f.add("LATCHKEY_SECRET and LATCHKEY_SECRET_FILE are both set; set one")
		return nil
	case file != "":
		raw, err := readPrivate(file)
		if err != nil {
			f.add("LATCHKEY_SECRET_FILE: %w", err)
			return nil
		}
		text = string(raw)
	case !fromEnv && optional:
		return nil
	case !fromEnv:
		f.add("LATCHKEY_SECRET is not set: make one with `openssl rand -base64 32`, keep it, and set it here or by LATCHKEY_SECRET_FILE")
		return nil
	}
	all := splitSecrets(text)
	checkSecrets(all, f)
	return all
}

// splitSecrets splits at commas and line ends.
func splitSecrets(text string) [][]byte {
	var all [][]byte
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' }) {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, []byte(part))
		}
	}
	return all
}

func checkSecrets(all [][]byte, f *faults) {
	if len(all) == 0 {
		f.add("LATCHKEY_SECRET is empty: make one with `openssl rand -base64 32`")
	}
	for i, secret := range all {
		switch {
		case len(secret) < minSecret:
			f.add("LATCHKEY_SECRET: secret %d has %d bytes and needs at least %d: make one with `openssl rand -base64 32`", i+1, len(secret), minSecret)
		case distinct(secret) < 8:
			f.add("LATCHKEY_SECRET: secret %d is no random text: make one with `openssl rand -base64 32`", i+1)
		case slices.ContainsFunc(all[:i], func(other []byte) bool { return bytes.Equal(other, secret) }):
			f.add("LATCHKEY_SECRET: secret %d is there twice", i+1)
		}
	}
}

// distinct counts the different bytes of a text.
func distinct(text []byte) int {
	seen := map[byte]bool{}
	for _, b := range text {
		seen[b] = true
	}
	return len(seen)
}

// readPrivate reads a file that nobody else may read.
func readPrivate(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s may be read by others (mode %04o): run chmod 600 on it", path, mode)
	}
	return os.ReadFile(path) //nolint:gosec // the operator names the file
}

// DevSecret gives the development secret in the data directory, and makes one on first use.
func DevSecret(dataDir string) ([]byte, error) {
	path := filepath.Join(dataDir, devSecretFile)
	known, err := readDevSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return known, err
	}
	secret := make([]byte, minSecret)
	_, _ = rand.Read(secret) // never fails: crypto/rand ends the program instead
	text := []byte(base64.RawStdEncoding.EncodeToString(secret) + "\n")
	if err := writeOnce(path, text); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return readDevSecret(path) // another process may have been first
}

// writeOnce makes a private file whole or not at all, and never over another one.
func writeOnce(path string, text []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = file.Write(text)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Link(file.Name(), path)
}

func readDevSecret(path string) ([]byte, error) {
	raw, err := readPrivate(path)
	return bytes.TrimSpace(raw), err
}
