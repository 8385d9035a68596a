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
	minSecretSize  = 32 // bytes
	devSecretFile  = "dev-secret"
)

// SecretSettings has the master secrets of the commands that need them.
type SecretSettings struct {
	SecretFile string   `name:"secret-file" env:"LATCHKEY_SECRET_FILE" placeholder:"FILE" help:"File with the master secret of the service. Alternatively set LATCHKEY_SECRET in the environment. Default: the development secret in the data directory, if there is one."`
	Secrets    [][]byte `kong:"-"`
}

// Resolve reads the configured secrets or, if none are configured, the development secret in dataDir.
func (s *SecretSettings) Resolve(dataDir string) error {
	if _, fromEnv := os.LookupEnv(secretVariable); !fromEnv && s.SecretFile == "" {
		if secret, err := readDevSecret(filepath.Join(dataDir, devSecretFile)); err == nil {
			s.Secrets = [][]byte{secret}
			return nil
		}
	}
	var p problems
	s.Secrets = readSecrets(s.SecretFile, true, &p)
	if len(s.Secrets) == 0 && len(p) == 0 {
		p.add("LATCHKEY_SECRET is not set: set LATCHKEY_SECRET_FILE or LATCHKEY_SECRET as for the service, or run the command in the directory of a development service")
	}
	return errors.Join(p...)
}

// HasDevSecret reports whether a development service has made its secret in dataDir.
func HasDevSecret(dataDir string) bool {
	_, err := os.Stat(filepath.Join(dataDir, devSecretFile))
	return err == nil
}

// readSecrets reads the master secrets from the environment or a file. If optional is true, having
// none is not a problem: in development, DevSecret generates one.
func readSecrets(file string, optional bool, p *problems) [][]byte {
	text, fromEnv := os.LookupEnv(secretVariable)
	switch {
	case fromEnv && file != "":
		p.add("LATCHKEY_SECRET and LATCHKEY_SECRET_FILE are both set; set only one")
		return nil
	case file != "":
		raw, err := readPrivate(file)
		if err != nil {
			p.add("LATCHKEY_SECRET_FILE: %w", err)
			return nil
		}
		text = string(raw)
	case !fromEnv && optional:
		return nil
	case !fromEnv:
		p.add("LATCHKEY_SECRET is not set: generate one with `openssl rand -base64 32`, store it safely, and set LATCHKEY_SECRET or LATCHKEY_SECRET_FILE")
		return nil
	}
	all := splitSecrets(text)
	checkSecrets(all, p)
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

func checkSecrets(all [][]byte, p *problems) {
	if len(all) == 0 {
		p.add("LATCHKEY_SECRET is empty: generate one with `openssl rand -base64 32`")
	}
	for i, secret := range all {
		switch {
		case len(secret) < minSecretSize:
			p.add("LATCHKEY_SECRET: secret %d has %d bytes and needs at least %d: generate one with `openssl rand -base64 32`", i+1, len(secret), minSecretSize)
		case distinct(secret) < 8:
			p.add("LATCHKEY_SECRET: secret %d does not look random: generate one with `openssl rand -base64 32`", i+1)
		case slices.ContainsFunc(all[:i], func(other []byte) bool { return bytes.Equal(other, secret) }):
			p.add("LATCHKEY_SECRET: secret %d is a duplicate; remove it", i+1)
		}
	}
}

// distinct returns the number of different bytes in text.
func distinct(text []byte) int {
	seen := map[byte]bool{}
	for _, b := range text {
		seen[b] = true
	}
	return len(seen)
}

// readPrivate reads a file. It returns an error if other users have any access to the file.
func readPrivate(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s is accessible to other users (mode %04o): run chmod 600 on it", path, mode)
	}
	return os.ReadFile(path) //nolint:gosec // the operator names the file
}

// DevSecret returns the development secret in dataDir and generates it on first use. Any number of
// processes may call it at once; all get the same secret.
func DevSecret(dataDir string) ([]byte, error) {
	path := filepath.Join(dataDir, devSecretFile)
	secret, err := readDevSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	secret = make([]byte, minSecretSize)
	_, _ = rand.Read(secret) // never fails: crypto/rand ends the program instead
	text := []byte(base64.RawStdEncoding.EncodeToString(secret) + "\n")
	if err := writeOnce(path, text); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return readDevSecret(path) // another process may have been first
}

// writeOnce creates a private file atomically. It returns fs.ErrExist if the file exists already.
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

// StoredDevSecret returns the development secret in dataDir. It generates none.
func StoredDevSecret(dataDir string) ([]byte, error) {
	return readDevSecret(filepath.Join(dataDir, devSecretFile))
}

func readDevSecret(path string) ([]byte, error) {
	raw, err := readPrivate(path)
	return bytes.TrimSpace(raw), err
}
