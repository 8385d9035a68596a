package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/httpapi/apitest"
)

// hostileInputs lists what attackers and broken clients send, and what tests the response: functions,
// and vectors as FILE/NAME. The vectors run against the program on both engines. Those with `cost: none`
// run once more without stores and hasher, so that they reach neither.
var hostileInputs = []struct {
	number int
	input  string
	tests  []string
}{
	{1, "wrong password", []string{"password/a wrong password (RFC 6749 §5.2)", "TestEveryChangeHasOneEvent"}},
	{2, "unknown user", []string{"password/an unknown user returns the same error", "TestLoginResponseHidesUsers", "TestLoginTimeHidesUsers"}},
	{3, "right password of a disabled user", []string{"password/a disabled user with the right password returns the same error", "TestLoginResponseHidesUsers"}},
	{4, "user without a password, or with a hash of another system", []string{"password/a user without a password returns the same error", "TestHostileLegacyHash"}},
	{5, "eleventh attempt on a user", []string{"TestParallelPasswordGuesses", "TestLoginsPerUser"}},
	{6, "right password after the limit", []string{"TestParallelPasswordGuesses"}},
	{8, "200 attempts at once", []string{"TestParallelPasswordGuesses"}},
	{9, "spellings of one username", []string{"TestHostileSpellings", "TestLoginKey", "form/NUL in a username (RFC 6749 appendix A.15)"}},
	{10, "text that is not UTF-8", []string{
		"form/NUL in a password (RFC 6749 appendix A.16)", "form/invalid UTF-8 in a username", "form/invalid UTF-8 in a password",
		"form/invalid UTF-8, not escaped", "signin/NUL in a username", "signin/an unpaired surrogate in a password"}},
	{11, "long password", []string{"form/a password of 1025 bytes is refused", "transport/a body of one byte more is refused"}},
	{12, "password of emoji, spaces and marks", []string{"TestHostilePasswords", "signup/a password of 1024 bytes in emoji"}},
	{13, "more than 72 bytes against bcrypt", []string{"TestBcrypt72Bytes"}},
	{14, "weak password", []string{"signup/a common password, in another case", "signup/the username as the password", "signup/a password of 7 characters"}},
	{15, "fields that nobody may set", []string{"signup/users cannot choose their role", "signup/several unknown fields are all listed"}},
	{16, "sign-ups of one name at once", []string{"TestSignUpRace"}},
	{17, "grant types", []string{
		"form/no grant_type (RFC 6749 §5.2)", "form/grant_type twice, empty first", "form/two grant types in one parameter", "form/grant types are case-sensitive"}},
	{18, "repeated parameter", []string{"form/scope twice (RFC 6749 §3.2)", "form/client_secret twice", "refresh/a token twice", "revoke/a token twice"}},
	{19, "credentials in the URL", []string{"form/everything in the URL (RFC 6749 §2.3.1)", "form/the password in the URL and a complete body", "TestNoSecretInLog"}},
	{20, "methods", []string{"transport/PUT is not allowed", "transport/TRACE is not allowed, and the request is not echoed", "transport/a method override header has no effect"}},
	{21, "media types", []string{"transport/JSON", "transport/multipart", "transport/no media type (RFC 6749 §4.3.2)"}},
	{22, "large, endless and compressed bodies", []string{"transport/a chunked body that is too large", "transport/a compressed body", "TestHostileFraming"}},
	{23, "many parameters", []string{"form/ten thousand parameters", "form/ten thousand separators"}},
	{24, "large headers", []string{"TestHostileFraming", "TestHostileHTTP2"}},
	{25, "slow clients", []string{"TestSlowRequestHeader", "TestHostileSlowHeaders", "TestHostileSlowBody"}},
	{27, "two ways of client authentication", []string{"client_auth/Basic and a secret in the body (RFC 6749 §2.3)", "client_auth/two Authorization headers"}},
	{28, "client that cannot be authenticated", []string{"client_auth/a wrong secret", "client_auth/an unknown client returns the same error", "TestClientSecretGuesses"}},
	{29, "client without the grant", []string{"client_auth/a client without the grant (RFC 6749 §5.2)"}},
	{30, "scopes", []string{"password/a scope that the client may not request", "password/a quote in a scope (RFC 6749 appendix A.4)", "password/a scope of two kilobytes"}},
	{31, "refresh token of another client", []string{"refresh/another client's token", "TestRefusedRefreshKeepsToken"}},
	{32, "refresh token that is not canonical", []string{
		"refresh/a truncated token", "refresh/a token with padding", "refresh/a token with another last character", "TestModifiedRefreshTokensCostNothing"}},
	{33, "refresh token with a wrong MAC", []string{"refresh/a token with another counter", "refresh/a token with another MAC", "refresh/a token with an unknown key"}},
	{34, "refresh token presented a hundred times at once", []string{"TestSimultaneousRefresh"}},
	{35, "previous refresh token within the grace period", []string{"TestReusedTokenEndsSession", "TestJudge"}},
	{36, "previous refresh token after the grace period", []string{"TestReusedTokenEndsSession", "TestJudge"}},
	{37, "refresh token before the previous one", []string{"TestTokenBeforeLastEndsSession", "TestJudge"}},
	{38, "refresh after a change of the user", []string{"TestSessionsEndOnAllReplicas", "TestRefreshScopes"}},
	{39, "refresh with a wider scope", []string{"refresh/a wider scope", "TestRefusedRefreshKeepsToken"}},
	{40, "tokens in each other's place", []string{"refresh/an access token instead of a refresh token", "TestHostileAccessTokens"}},
	{41, "refresh at the end of the session", []string{"TestJudge"}},
	{42, "revocation of what is no token of the client", []string{
		"revoke/junk is not an error (RFC 7009 §2.2)", "revoke/nor is a token with a wrong MAC", "revoke/another client's refresh token"}},
	{43, "revocation while the database is down", []string{"TestDatabaseOutage"}},
	{44, "everything else while the database is down", []string{"TestDatabaseOutage"}},
	{45, "introspection by a stranger, or of junk", []string{"introspect/without client authentication (RFC 7662 §2.3)", "introspect/junk"}},
	{46, "access token without a signature", []string{"TestHostileAccessTokens", "TestVerify", "introspect/alg none (RFC 8725 §3.1)"}},
	{47, "access token signed with a public key as a secret", []string{"TestHostileAccessTokens", "TestVerify"}},
	{48, "access token that brings its own key", []string{"TestHostileAccessTokens", "TestVerify"}},
	{51, "access token of another type, audience or issuer", []string{"TestVerify"}},
	{52, "access token at the limits of its time", []string{"TestVerify"}},
	{53, "access token of many dots", []string{"TestHostileAccessTokens", "TestVerify"}},
	{54, "two access tokens, or one in the URL", []string{"bearer/two Authorization headers (RFC 6750 §3.1)", "bearer/a token in the URL is not accepted (RFC 9700 §4.3.2)"}},
	{55, "access token without the scope", []string{"bearer/a token that lacks the scope (RFC 6750 §3.1)"}},
	{56, "no access token", []string{"bearer/without a token: a challenge without an error (RFC 6750 §3.1)"}},
	{57, "forwarding headers of a stranger", []string{"TestHostileForwarding", "TestSpoofedAddress", "TestAddressExtractor"}},
	{58, "foreign Host header", []string{"TestHostileForwarding"}},
	{59, "foreign origins", []string{"TestCORS", "TestAllowedOrigin", "unguarded/a preflight from an origin that is not allowed"}},
	{60, "request of another site with cookies", []string{"TestCrossOriginRequests", "login/another site", "login/no Origin header"}},
	{61, "session of another user", []string{"sessions/end a session of another user: not found", "sessions/end an unknown session"}},
	{62, "forged cursor", []string{"TestHostileCursors"}},
	{64, "more sign-ins than can be hashed", []string{"TestOverloadRefusesCallers", "TestFullQueueRefuses"}},
	{65, "request that makes a handler panic", []string{"TestPanic"}},
	{66, "client that leaves the queue", []string{"TestCanceledCallersLeaveTheQueueWithoutHashing", "TestSignInRefundsAfterTheCallerHasGone"}},
	{68, "metrics and profiles", []string{"unguarded/metrics are not public", "unguarded/profiling is not public"}},
	{71, "terminal escapes and line ends", []string{"TestHostileText", "TestPrintable", "signup/a line break in the name", "signup/an email address that contains a header"}},
	{72, "malformed framing and request smuggling", []string{"TestHostileFraming"}},
	{73, "HTTP/2: rapid reset, malformed requests", []string{"TestHostileRapidReset", "TestHostileHTTP2"}},
	{74, "webhook into the internal network", []string{"TestWebhookPointsInside", "TestWebhookNamePointsInside", "TestWebhookRebinding", "TestRedirectIsNotFollowed"}},
}

// Each hostile input is tested, by tests that exist.
func TestHostileCoverage(t *testing.T) {
	t.Parallel()
	exists := testNames(t)
	seen := map[int]bool{}
	for _, row := range hostileInputs {
		require.False(t, seen[row.number], "two rows have the number %d", row.number)
		seen[row.number] = true
		require.NotEmpty(t, row.tests, row.input)
		for _, name := range row.tests {
			require.True(t, exists[name], "%d, %s: there is no test %q", row.number, row.input, name)
		}
	}
}

var testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)

// testNames returns the names of all tests, fuzz targets and vectors.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	require.NoError(t, filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "testdata" && strings.HasSuffix(filepath.ToSlash(path), "httpapi/testdata"):
			return addVectors(all, path)
		case entry.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		for _, found := range testFunction.FindAllStringSubmatch(string(text), -1) {
			all[found[1]] = true
		}
		return err
	}))
	return all
}

// addVectors adds the vectors in the directories of a directory.
func addVectors(all map[string]bool, path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, dir := range entries {
		if dir.Name() == "fuzz" { // inputs of the fuzz targets
			continue
		}
		cases, err := apitest.Load(filepath.Join(path, dir.Name()))
		if err != nil {
			return err
		}
		for _, c := range cases {
			all[strings.TrimSuffix(c.File, ".txt")+"/"+c.Name] = true
		}
	}
	return nil
}
