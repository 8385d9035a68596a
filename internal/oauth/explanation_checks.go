package oauth

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/scope"
)

// explaining is an explanation while its checks are made.
type explaining struct {
	Explanation
	Explainer
	need    Requirement
	now     time.Time
	session Session
	user    account.User
	known   bool // session and user have been looked up
}

const textWithheld = "not checked, because this is no token of yours; that needs the scope " + readUsers

func (x *explaining) add(name string, outcome Outcome, format string, args ...any) {
	x.Checks = append(x.Checks, Check{Name: name, Outcome: outcome, Text: fmt.Sprintf(format, args...)})
}

func (x *explaining) pass(name, format string, args ...any) {
	x.add(name, CheckPassed, format, args...)
}
func (x *explaining) skip(name, format string, args ...any) {
	x.add(name, CheckSkipped, format, args...)
}

// fail adds a failed check. The first one decides the code.
func (x *explaining) fail(code fault.Code, name, format string, args ...any) {
	x.add(name, CheckFailed, format, args...)
	if x.Rejected == "" {
		x.Rejected = code
	}
}

func (x *explaining) checkForm() {
	t, wanted := x.Token, x.Token.Type
	if x.TypeFor != nil {
		wanted = x.TypeFor(t.Claims.Audience)
	}
	switch {
	case t.Algorithm == HS256:
		x.fail(InvalidToken, "form", "signed with HS256 and a key that the client shares with a third party; "+
			"only that third party can check it, Latchkey accepts no such token")
	case t.Err != nil:
		x.fail(InvalidToken, "form", "not an access token of Latchkey: %v", t.Err)
	case t.Type != wanted:
		x.fail(InvalidToken, "form", "has the typ %q, the service requires %q; that depends on LATCHKEY_TOKEN_TYPE and LATCHKEY_JWT_AUDIENCES", t.Type, wanted)
	default:
		x.pass("form", "a JWT of the type %q, signed with %s by the key %q", t.Type, t.Algorithm, t.KeyID)
	}
}

func (x *explaining) checkSignature(state string) {
	switch {
	case x.Rejected != "":
		x.skip("signature", "not checked, because of the form")
	case state == SignatureValid:
		x.pass("signature", "valid")
	case state == SignatureUnknownKey:
		x.fail(InvalidToken, "signature", "no key of this installation has the id %q: "+
			"another installation signed the token, or the key has been revoked; sign in again", x.Token.KeyID)
	case state == SignatureWrong:
		x.fail(InvalidToken, "signature", "does not match the content: the token is damaged or forged; copy all of it")
	case x.withheld:
		x.skip("signature", textWithheld)
	default:
		x.skip("signature", "not checked without the keys of the service")
	}
}

func (x *explaining) checkIssuer() {
	switch issuer := x.Token.Claims.Issuer; {
	case x.Issuer == "":
		x.skip("issuer", "%s, compared with nothing; name the issuer that the API expects", issuer)
	case issuer == x.Issuer:
		x.pass("issuer", "%s", issuer)
	default:
		x.fail(InvalidToken, "issuer", "the token says %s, the service is %s; the two must be equal to the letter", issuer, x.Issuer)
	}
}

func (x *explaining) checkAudience() {
	audience := strings.Join(x.Token.Claims.Audience, " ")
	switch {
	case x.Audience == "":
		x.skip("audience", "%s, compared with nothing; name the audience that the API expects", audience)
	case slices.Contains(x.Token.Claims.Audience, x.Audience):
		x.pass("audience", "%s", audience)
	default:
		x.fail(InvalidToken, "audience", "the token is for %s, the API expects %s; see the audiences of the client %q",
			audience, x.Audience, x.Token.Claims.ClientID)
	}
}

// checkTime allows the leeway, as the service does.
func (x *explaining) checkTime() {
	issued, expires := x.Token.Claims.IssuedAt, x.Token.Claims.ExpiresAt
	end, latest := expires.Add(x.Leeway), x.now.Add(x.Leeway)
	switch {
	case !x.now.Before(end):
		x.fail(InvalidToken, "lifetime", "expired %s ago, at %s; refresh it", x.now.Sub(expires), expires.Format(time.RFC3339))
	case x.Token.NotBefore.After(latest):
		x.fail(InvalidToken, "lifetime", "not valid before %s", x.Token.NotBefore.Format(time.RFC3339))
	case issued.After(latest):
		x.fail(InvalidToken, "lifetime", "issued in the future, at %s; compare the clocks of both machines", issued.Format(time.RFC3339))
	case !x.now.Before(expires):
		x.pass("lifetime", "expired %s ago, at %s; still accepted for %s, because clocks may differ",
			x.now.Sub(expires), expires.Format(time.RFC3339), end.Sub(x.now))
	default:
		x.pass("lifetime", "expires in %s, at %s", expires.Sub(x.now), expires.Format(time.RFC3339))
	}
}

// checkSession looks up the session and its user.
func (x *explaining) checkSession(ctx context.Context, signature string) error {
	switch {
	case x.withheld:
		x.skip("session", textWithheld)
		return nil
	case x.Sessions == nil:
		x.skip("session", "not looked up without the database; an API that checks only the signature does not know it either")
		return nil
	case signature != SignatureValid || x.Token.Err != nil:
		x.skip("session", "not looked up, because the signature is not valid")
		return nil
	}
	var err error
	x.session, x.user, err = x.Sessions.SessionByID(ctx, x.Token.Claims.SessionID)
	if isNotFound(err) {
		x.fail(InvalidToken, "session", "not found: it ended some time ago, or its user has been deleted; sign in again")
		return nil
	}
	if err != nil {
		return err
	}
	x.known = true
	x.judgeSession()
	if x.session.UserID != "" {
		x.judgeUser()
	}
	return nil
}

func (x *explaining) judgeSession() {
	s := x.session
	switch {
	case subject(s) != x.Token.Claims.Subject || s.ClientID != x.Token.Claims.ClientID:
		x.fail(InvalidToken, "session", "belongs to another user or client than the token")
	case !s.RevokedAt.IsZero():
		x.fail(InvalidToken, "session", "ended at %s (%s); sign in again", s.RevokedAt.Format(time.RFC3339), s.RevokedReason)
	case !x.now.Before(s.Expires()):
		x.fail(InvalidToken, "session", "expired at %s; sign in again", s.Expires().Format(time.RFC3339))
	default:
		x.pass("session", "live, of the client %q", s.ClientID)
	}
}

func (x *explaining) judgeUser() {
	switch {
	case !x.user.ActiveAt(x.now):
		x.fail(InvalidToken, "user", "%s is disabled", x.user.Username)
	case x.user.Epoch != x.session.UserEpoch:
		x.fail(InvalidToken, "user", "the password of %s has been changed since; sign in again", x.user.Username)
	default:
		x.pass("user", "%s, active", x.user.Username)
	}
}

// checkNeed checks the scopes and roles of the operation.
func (x *explaining) checkNeed() {
	if x.need.none() {
		return
	}
	now := x.Token.Claims
	if x.known {
		now = narrow(now, x.session, x.user)
	}
	if len(x.need.Scopes) > 0 {
		x.checkScopes(now)
	}
	if len(x.need.AnyRole) > 0 {
		x.checkRoles(now)
	}
}

func (x *explaining) checkScopes(now Claims) {
	var missing, lost []string
	for _, want := range x.need.Scopes {
		switch {
		case slices.Contains(now.Scopes, want):
		case slices.Contains(x.Token.Claims.Scopes, want):
			lost = append(lost, want)
		default:
			missing = append(missing, want)
		}
	}
	switch {
	case len(missing) > 0:
		x.fail(fault.InsufficientScope, "scope", "the token lacks %s; request the scope when you sign in, with a user whose roles carry it and a client that may have it",
			scope.Join(missing))
	case len(lost) > 0:
		x.fail(fault.InsufficientScope, "scope", "the user has lost %s since the token was issued; see the roles of the user", scope.Join(lost))
	default:
		x.pass("scope", "has %s", scope.Join(x.need.Scopes))
	}
}

func (x *explaining) checkRoles(now Claims) {
	has := func(roles []string) bool {
		return slices.ContainsFunc(x.need.AnyRole, func(role string) bool { return slices.Contains(roles, role) })
	}
	wanted := strings.Join(x.need.AnyRole, " or ")
	switch {
	case has(now.Roles):
		x.pass("role", "has %s", wanted)
	case has(x.Token.Claims.Roles):
		x.fail(fault.InsufficientScope, "role", "the user has lost %s since the token was issued", wanted)
	default:
		x.fail(fault.InsufficientScope, "role", "the operation needs %s, the token has %s; grant the role, then sign in again",
			wanted, joinOrNone(x.Token.Claims.Roles))
	}
}

func joinOrNone(items []string) string {
	if len(items) == 0 {
		return "none"
	}
	return strings.Join(items, " ")
}
