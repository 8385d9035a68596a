package oauth

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Requirement is what an operation demands of an access token: all the scopes and at least one of the
// roles, if any are named.
type Requirement struct {
	Scopes   []string
	AnyRole  []string
	AnyToken bool // an access token is needed, whatever it allows
}

// none reports whether an operation was named that needs no access token, or none at all.
func (r Requirement) none() bool { return !r.AnyToken && len(r.Scopes)+len(r.AnyRole) == 0 }

// DecodedToken is what an access token says of itself. Nothing in it has been verified.
type DecodedToken struct {
	Algorithm string
	Type      string
	KeyID     string
	Claims    Claims
	NotBefore time.Time // zero: none
	Payload   map[string]json.RawMessage
	Err       error // why the claims are not those of an access token, or nil
}

// The states of a signature.
const (
	SignatureValid      = "valid"
	SignatureWrong      = "wrong"
	SignatureUnknownKey = "unknown_key"
)

// TokenReader reads access tokens without accepting them.
type TokenReader interface {
	// Decode returns what a token says. It returns an error, without any part of the token, for a text
	// that is no JWT.
	Decode(token string) (DecodedToken, error)
	// Signature returns one of the states of a signature, or "" if there are no keys to check it with.
	Signature(ctx context.Context, token string) (string, error)
}

// SessionReader reads sessions.
type SessionReader interface {
	// SessionByID is SessionStore.SessionByID.
	SessionByID(ctx context.Context, id string) (Session, account.User, error)
}

// Explainer explains access tokens: what is in them, and why an operation accepts or rejects them.
type Explainer struct {
	Tokens   TokenReader
	Sessions SessionReader // nil: sessions and users are not looked up
	Issuer   string        // of the service; "": not compared
	Audience string        // that the operation requires; "": not compared
	Leeway   time.Duration // by which clocks may differ
	// TypeFor returns the typ that the service requires of a token with an audience; nil: not compared.
	TypeFor  func(audience []string) string
	Now      func() time.Time
	withheld bool // keys and sessions are not looked up for this caller
}

// Outcome is the result of a check.
type Outcome string

// The outcomes of a check.
const (
	CheckPassed  Outcome = "ok"
	CheckFailed  Outcome = "failed"
	CheckSkipped Outcome = "skipped" // could not be made
)

// Check is one of the checks of an access token, in the order in which the service makes them.
type Check struct {
	Name    string
	Outcome Outcome
	Text    string // what was found, and what to do about it
}

// Explanation is what is known about an access token.
type Explanation struct {
	Token  DecodedToken // zero if the text is no JWT
	Checks []Check
	// Rejected is the code of the error with which an operation rejects the token: InvalidToken,
	// fault.InsufficientScope, or "" if nothing was found against it.
	Rejected fault.Code
}

// Complete reports whether all checks could be made, so that Rejected is certain.
func (e Explanation) Complete() bool {
	for _, c := range e.Checks {
		if c.Outcome == CheckSkipped {
			return false
		}
	}
	return true
}

// Explain explains a token to someone who holds it. Sessions and users are looked up only for a token
// with a valid signature, so that nobody learns about others from a token of their own making.
func (e Explainer) Explain(ctx context.Context, token string, need Requirement) (Explanation, error) {
	x := &explaining{Explainer: e, need: need, now: wholeSecond(e.Now())}
	decoded, err := e.Tokens.Decode(token)
	if err != nil {
		x.fail(InvalidToken, "form", "%s", notAccessToken(token, err))
		return x.Explanation, nil
	}
	x.Token = decoded
	x.checkForm()
	signature, err := e.Tokens.Signature(ctx, token)
	if err != nil {
		return Explanation{}, err
	}
	x.checkSignature(signature)
	x.checkIssuer()
	x.checkAudience()
	x.checkTime()
	if err := x.checkSession(ctx, signature); err != nil {
		return Explanation{}, err
	}
	x.checkNeed()
	return x.Explanation, nil
}

// ExplainTo explains a token to the caller of an operation. It says everything about the tokens of the
// user who asks, and to a caller with the scope users:read. Of other tokens it says no more than anyone can
// read in them: keys, sessions and users are not looked up.
func (e Explainer) ExplainTo(ctx context.Context, asker Principal, token string, need Requirement) (Explanation, error) {
	decoded, err := e.Tokens.Decode(token)
	own := err == nil && asker.User.ID != "" && decoded.Claims.Subject == asker.User.ID
	if !own && !slices.Contains(asker.Claims.Scopes, readUsers) {
		e.Tokens, e.Sessions, e.withheld = contentReader{e.Tokens}, nil, true
	}
	return e.Explain(ctx, token, need)
}

// readUsers is the scope to see the sessions of other users.
const readUsers = "users:read"

// contentReader is a TokenReader without keys.
type contentReader struct{ TokenReader }

// Signature implements TokenReader.
func (contentReader) Signature(context.Context, string) (string, error) { return "", nil }

// notAccessToken says what a text is that is no JWT, as far as its form tells.
func notAccessToken(token string, err error) string {
	switch {
	case strings.HasPrefix(token, refreshPrefix):
		return "this is a refresh token; exchange it at POST /token for an access token"
	case strings.HasPrefix(strings.ToLower(token), "bearer "):
		return "the text begins with Bearer, which is not a part of the token"
	case strings.TrimSpace(token) != token:
		return "the text begins or ends with white space, which is not a part of the token"
	}
	return "this is not an access token: " + err.Error()
}
