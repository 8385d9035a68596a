package config

import (
	"os"
	"path/filepath"
	"strings"
)

const devIssuerFile = "dev-issuer"

// StoreDevIssuer records the issuer of a development service in dataDir. It depends on the port of the
// service, which the commands that run beside it do not know.
func StoreDevIssuer(dataDir, issuer string) error {
	return os.WriteFile(filepath.Join(dataDir, devIssuerFile), []byte(issuer+"\n"), 0o600)
}

// StoredDevIssuer returns the issuer of the last development service in dataDir, or "" if there was none.
func StoredDevIssuer(dataDir string) string {
	text, err := os.ReadFile(filepath.Join(dataDir, devIssuerFile)) //nolint:gosec // the operator names the directory
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
