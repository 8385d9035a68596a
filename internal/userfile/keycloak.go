package userfile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// keycloakUser is what is imported of a user in a Keycloak export (UserRepresentation). Roles are left
// out: they mean something else here.
type keycloakUser struct {
	ID               string               `json:"id"`
	Username         string               `json:"username"`
	Email            string               `json:"email"`
	EmailVerified    bool                 `json:"emailVerified"`
	Enabled          *bool                `json:"enabled"`
	FirstName        string               `json:"firstName"`
	LastName         string               `json:"lastName"`
	CreatedTimestamp int64                `json:"createdTimestamp"` // milliseconds
	Credentials      []keycloakCredential `json:"credentials"`
}

// keycloakCredential contains two strings of JSON within the JSON.
type keycloakCredential struct {
	Type           string `json:"type"`
	SecretData     string `json:"secretData"`
	CredentialData string `json:"credentialData"`
}

type keycloakSecret struct {
	Value string `json:"value"` // base64
	Salt  string `json:"salt"`  // base64
}

type keycloakAlgorithm struct {
	Algorithm  string              `json:"algorithm"`
	Iterations int                 `json:"hashIterations"`
	Parameters map[string][]string `json:"additionalParameters"`
}

// keycloakMembers are the members by which such a user is recognised.
var keycloakMembers = []string{"credentials", "emailVerified", "enabled", "createdTimestamp", "firstName", "lastName"}

func fromKeycloak(m jsonMember) bool { return slices.Contains(keycloakMembers, m.name) }

func recordFromKeycloak(line []byte) (account.Record, error) {
	var k keycloakUser
	if err := json.Unmarshal(line, &k); err != nil {
		return account.Record{}, fault.Errorf(fault.InvalidRequest, "not a Keycloak user: a field has the wrong type").Wrap(err)
	}
	r := account.Record{
		Username: k.Username, Email: k.Email, EmailVerified: k.EmailVerified, Active: k.Enabled,
		Name: strings.TrimSpace(k.FirstName + " " + k.LastName),
	}
	if id := strings.ToLower(k.ID); len(id) == 36 && uuid.Validate(id) == nil { // users of federated directories have other ids
		r.ID = id
	}
	if k.CreatedTimestamp != 0 {
		r.CreatedAt = time.UnixMilli(k.CreatedTimestamp).UTC()
	}
	i := slices.IndexFunc(k.Credentials, func(c keycloakCredential) bool { return c.Type == "password" })
	if i < 0 {
		return r, nil
	}
	var err error
	r.PasswordHash, err = k.Credentials[i].phc()
	return r, err
}

// phc returns a credential as a PHC string: $pbkdf2-sha512$i=210000$salt$tag, or the usual argon2 form.
func (c keycloakCredential) phc() (string, error) {
	var a keycloakAlgorithm
	var secret keycloakSecret
	if json.Unmarshal([]byte(c.CredentialData), &a) != nil || json.Unmarshal([]byte(c.SecretData), &secret) != nil {
		return "", invalidField("credentials", "credentialData or secretData does not have the form Keycloak writes")
	}
	salt, tag := strings.TrimRight(secret.Salt, "="), strings.TrimRight(secret.Value, "=")
	switch a.Algorithm {
	case "pbkdf2", "pbkdf2-sha256", "pbkdf2-sha512":
		return fmt.Sprintf("$%s$i=%d$%s$%s", a.Algorithm, a.Iterations, salt, tag), nil
	case "argon2":
		if a.parameter("version") != "1.3" {
			return "", invalidField("credentials", "only version 1.3 of argon2 is supported")
		}
		return fmt.Sprintf("$argon2%s$v=19$m=%s,t=%d,p=%s$%s$%s", a.parameter("type"),
			a.parameter("memory"), a.Iterations, a.parameter("parallelism"), salt, tag), nil
	}
	return "", invalidField("credentials", "unsupported algorithm")
}

func (a keycloakAlgorithm) parameter(name string) string {
	if values := a.Parameters[name]; len(values) == 1 {
		return values[0]
	}
	return ""
}
