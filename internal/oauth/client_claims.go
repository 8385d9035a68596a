package oauth

import (
	"errors"
	"slices"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/claims"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// maxOwnClaims is the limit on the extra claims of tokens that the service itself accepts, in bytes. It
// accepts none that is longer than 4 KiB, and base64url adds a third.
const maxOwnClaims = 2048

// extraClaims parses extra claims and translates the error.
func extraClaims(text string) (claims.Set, error) {
	set, err := claims.Parse([]byte(text))
	var invalid *claims.Error
	if errors.As(err, &invalid) {
		return claims.Set{}, fault.Errorf(InvalidClientMetadata, "%s", invalid.Text).At("/claims" + invalid.Pointer)
	}
	return set, err
}

// checkTokens validates what a client wants its access tokens to be.
func checkTokens(c Client) error {
	set, err := extraClaims(c.Claims)
	if err != nil {
		return err
	}
	invalid := func(pointer, format string, args ...any) error {
		return fault.Errorf(InvalidClientMetadata, format, args...).At(pointer)
	}
	switch {
	case c.TokenAlgorithm != "" && c.TokenAlgorithm != HS256:
		return invalid("/access_token_algorithm", "choose %s, or nothing for the algorithm of the service", HS256)
	case c.TokenAlgorithm == HS256 && len(c.Audiences) == 0:
		return invalid("/audiences", "tokens with %s need the audience of the third party that verifies them", HS256)
	case c.TokenAlgorithm == "" && len(set.Text()) > maxOwnClaims:
		return invalid("/claims", "the claims have %d bytes, more than the limit of %d for tokens without %s", len(set.Text()), maxOwnClaims, HS256)
	case set.Dynamic() && slices.Contains(c.Grants, GrantClient):
		return invalid("/claims", "a client with the grant %s acts for itself, so that its claims cannot name fields of a user", GrantClient)
	}
	return nil
}

// userFields returns the fields of a user that the templates of extra claims can name.
func userFields(u account.User) claims.User {
	return claims.User{
		ID: u.ID, Username: u.Username, Email: u.Email, EmailVerified: u.EmailVerified,
		Name: u.Name, Picture: u.Picture, Roles: u.Roles,
	}
}
