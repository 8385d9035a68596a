package keyring

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tokenCase is a token that differs from a valid one in the fields that are set.
type tokenCase struct {
	name   string
	header string                    // JSON; KID is replaced by the kid of the key
	claims map[string]string         // name to JSON, replacing valid ones; empty: removed
	body   string                    // JSON, instead of the claims
	signer func(input []byte) []byte // instead of a valid signature
	mangle func(token string) string // applied to the signed token
	reason string                    // of the rejection, for the log; empty: accepted
}

const validHeader = `{"alg":"ES256","kid":"KID","typ":"at+jwt"}`

// build returns the token, signed with the key of the ring but without its code.
func (c tokenCase) build(t testing.TB, r *Ring) string {
	t.Helper()
	k := r.keys.Load().newest()
	if c.header == "" {
		c.header = validHeader
	}
	if c.body == "" {
		c.body = body(c.claims)
	}
	if c.signer == nil {
		c.signer = es256(t, k.private)
	}
	token := forge(strings.ReplaceAll(c.header, "KID", k.row.ID), c.body, c.signer)
	if c.mangle != nil {
		token = c.mangle(token)
	}
	return token
}

// body returns a valid payload with some claims changed.
func body(change map[string]string) string {
	now := epoch.Unix()
	claims := map[string]string{
		"iss": `"` + issuer + `"`, "sub": `"user"`, "aud": `"` + audience + `"`,
		"exp": strconv.FormatInt(now+900, 10), "iat": strconv.FormatInt(now, 10),
		"jti": `"id"`, "client_id": `"web"`,
	}
	maps.Copy(claims, change)
	var members []string
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if claims[name] != "" {
			members = append(members, `"`+name+`":`+claims[name])
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// at returns a NumericDate, in seconds from the start of the tests.
func at(seconds int64) string { return strconv.FormatInt(epoch.Unix()+seconds, 10) }

func noSignature([]byte) []byte { return nil }

func claim(name, value string) map[string]string { return map[string]string{name: value} }

// malformed are tokens that are rejected before the signature is checked.
var malformed = []tokenCase{
	{name: "empty", mangle: func(string) string { return "" }, reason: "three segments"},
	{name: "plain text", mangle: func(string) string { return "let me in" }, reason: "three segments"},
	{name: "two segments", mangle: func(s string) string { return s[:strings.LastIndex(s, ".")] }, reason: "three segments"},
	{name: "four segments", mangle: func(s string) string { return s + ".AAAA" }, reason: "three segments"},
	{name: "encrypted token, five segments", mangle: func(s string) string { return s + ".AAAA.AAAA" }, reason: "three segments"},
	{name: "JSON serialization", mangle: func(string) string { return `{"payload":"e30","signatures":[]}` }, reason: "three segments"},
	{name: "only dots", mangle: func(string) string { return ".." }, reason: "empty or not canonical"},
	{name: "4097 bytes", mangle: func(s string) string { return s + strings.Repeat("A", 4097-len(s)) }, reason: "4096"},
	{name: "a megabyte of dots", mangle: func(string) string { return strings.Repeat(".", 1<<20) }, reason: "4096"},
	{name: "empty signature", signer: noSignature, reason: "empty or not canonical"},
	{name: "empty payload", mangle: func(s string) string { p := strings.Split(s, "."); return p[0] + ".." + p[2] }, reason: "empty or not canonical"},
	{name: "leading space", mangle: func(s string) string { return " " + s }, reason: "canonical"},
	{name: "line break at the end", mangle: func(s string) string { return s + "\n" }, reason: "canonical"},
	{name: "line break inside", mangle: func(s string) string { return s[:9] + "\r\n" + s[9:] }, reason: "canonical"},
	{name: "padding", mangle: func(s string) string { return s + "==" }, reason: "canonical"},
	{name: "standard alphabet", mangle: func(s string) string { return s[:len(s)-4] + "+/+A" }, reason: "canonical"},
	{name: "non-zero trailing bits", mangle: func(s string) string { return s[:len(s)-1] + string(s[len(s)-1]+1) }, reason: "canonical"},
	{name: "header of 513 bytes", header: `{"alg":"ES256","kid":"KID","typ":"` + strings.Repeat("x", 513) + `"}`, reason: "512"},
	{name: "header is an array", header: `["ES256"]`, reason: "not a JSON object"},
	{name: "header is not JSON", header: `alg=ES256`, reason: "not a JSON object"},
	{name: "header truncated", header: validHeader[:len(validHeader)-1], reason: "malformed JSON"},
	{name: "two headers", header: validHeader + validHeader, reason: "after the JSON"},
	{name: "alg twice", header: `{"alg":"none","alg":"ES256","kid":"KID","typ":"at+jwt"}`, reason: "duplicate"},
	{name: "alg twice, escaped", header: `{"alg":"ES256","\u0061lg":"none","kid":"KID","typ":"at+jwt"}`, reason: "duplicate"},
	{name: "crit", header: `{"alg":"ES256","kid":"KID","typ":"at+jwt","crit":["exp"]}`, reason: "members other than"},
	{name: "empty crit", header: `{"alg":"ES256","kid":"KID","typ":"at+jwt","crit":[]}`, reason: "members other than"},
	{name: "b64", header: `{"alg":"ES256","kid":"KID","typ":"at+jwt","b64":false}`, reason: "members other than"},
	{name: "jku", header: `{"alg":"ES256","kid":"KID","typ":"at+jwt","jku":"https://evil.example/jwks"}`, reason: "members other than"},
	{name: "jwk", header: `{"alg":"ES256","kid":"KID","typ":"at+jwt","jwk":{"kty":"oct","k":"AAAA"}}`, reason: "members other than"},
	{name: "jwk instead of kid", header: `{"alg":"ES256","jwk":{"kty":"oct","k":"AAAA"},"typ":"at+jwt"}`, reason: "string kid"},
	{name: "x5u", header: `{"alg":"ES256","kid":"KID","typ":"at+jwt","x5u":"https://evil.example/c.pem"}`, reason: "members other than"},
	{name: "x5c", header: `{"alg":"ES256","kid":"KID","typ":"at+jwt","x5c":["AAAA"]}`, reason: "members other than"},
	{name: "zip", header: `{"alg":"ES256","kid":"KID","typ":"at+jwt","zip":"DEF"}`, reason: "members other than"},
	{name: "enc", header: `{"alg":"dir","kid":"KID","typ":"at+jwt","enc":"A256GCM"}`, reason: "members other than"},
	{name: "no typ", header: `{"alg":"ES256","kid":"KID"}`, reason: "members other than"},
	{name: "typ JWT", header: `{"alg":"ES256","kid":"KID","typ":"JWT"}`, reason: "token type"},
	{name: "typ in upper case", header: `{"alg":"ES256","kid":"KID","typ":"AT+JWT"}`, reason: "token type"},
	{name: "typ a number", header: `{"alg":"ES256","kid":"KID","typ":1}`, reason: "string typ"},
	{name: "names in upper case", header: `{"ALG":"ES256","kid":"KID","typ":"at+jwt"}`, reason: "string alg"},
	{name: "no kid", header: `{"alg":"ES256","typ":"at+jwt"}`, reason: "members other than"},
	{name: "null kid", header: `{"alg":"ES256","kid":null,"typ":"at+jwt"}`, reason: "unknown key"},
	{name: "unknown kid", header: `{"alg":"ES256","kid":"unknown","typ":"at+jwt"}`, reason: "unknown key"},
	{name: "kid with a trailing space", header: `{"alg":"ES256","kid":"KID ","typ":"at+jwt"}`, reason: "unknown key"},
	{name: "kid is a path", header: `{"alg":"ES256","kid":"../../dev/null","typ":"at+jwt"}`, reason: "unknown key"},
	{name: "alg none", header: `{"alg":"none","kid":"KID","typ":"at+jwt"}`, reason: "algorithm of the key"},
	{name: "alg None", header: `{"alg":"None","kid":"KID","typ":"at+jwt"}`, reason: "algorithm of the key"},
	{name: "alg none without signature", header: `{"alg":"none","kid":"KID","typ":"at+jwt"}`, signer: noSignature, reason: "empty"},
	{name: "alg es256", header: `{"alg":"es256","kid":"KID","typ":"at+jwt"}`, reason: "algorithm of the key"},
	{name: "alg RS256 with an EC key", header: `{"alg":"RS256","kid":"KID","typ":"at+jwt"}`, reason: "algorithm of the key"},
	{name: "alg ES384", header: `{"alg":"ES384","kid":"KID","typ":"at+jwt"}`, reason: "algorithm of the key"},
}

// badClaims are tokens with a valid signature and invalid claims, and those at the limits of what is accepted.
var badClaims = []tokenCase{
	{name: "valid"},
	{name: "iss with a trailing slash", claims: claim("iss", `"`+issuer+`/"`), reason: "wrong issuer"},
	{name: "iss missing", claims: claim("iss", ""), reason: "iss"},
	{name: "iss an array", claims: claim("iss", `["`+issuer+`"]`), reason: "iss"},
	{name: "aud missing", claims: claim("aud", ""), reason: "aud"},
	{name: "aud of another API", claims: claim("aud", `"https://other.example"`), reason: "wrong audience"},
	{name: "aud with the right prefix", claims: claim("aud", `"`+audience+`.evil"`), reason: "wrong audience"},
	{name: "aud an array without the right one", claims: claim("aud", `["x","y"]`), reason: "wrong audience"},
	{name: "aud an empty array", claims: claim("aud", `[]`), reason: "wrong audience"},
	{name: "aud an array with a number", claims: claim("aud", `["`+audience+`",1]`), reason: "aud"},
	{name: "aud an array with the right one", claims: claim("aud", `["`+audience+`","x"]`)},
	{name: "sub missing", claims: claim("sub", ""), reason: "sub"},
	{name: "sub empty", claims: claim("sub", `""`), reason: "sub"},
	{name: "sub null", claims: claim("sub", `null`), reason: "sub"},
	{name: "sub a number", claims: claim("sub", `7`), reason: "sub"},
	{name: "jti missing", claims: claim("jti", ""), reason: "jti"},
	{name: "client_id missing", claims: claim("client_id", ""), reason: "client_id"},
	{name: "sid a number", claims: claim("sid", `7`), reason: "sid"},
	{name: "scope an array", claims: claim("scope", `["a"]`), reason: "scope"},
	{name: "roles a string", claims: claim("roles", `"ROLE_ADMIN"`), reason: "roles"},
	{name: "expired 59 s ago", claims: map[string]string{"exp": at(-59), "iat": at(-900)}},
	{name: "expired 60 s ago", claims: map[string]string{"exp": at(-60), "iat": at(-900)}, reason: "expired"},
	{name: "expired 61 s ago", claims: map[string]string{"exp": at(-61), "iat": at(-900)}, reason: "expired"},
	{name: "exp missing", claims: claim("exp", ""), reason: "exp"},
	{name: "exp null", claims: claim("exp", `null`), reason: "exp"},
	{name: "exp a string", claims: claim("exp", `"`+at(900)+`"`), reason: "exp"},
	{name: "exp 1e308", claims: claim("exp", `1e308`), reason: "exp"},
	{name: "exp a fraction", claims: claim("exp", at(900)+`.5`), reason: "exp"},
	{name: "exp -1", claims: claim("exp", `-1`), reason: "exp"},
	{name: "exp the largest integer", claims: claim("exp", `9223372036854775807`), reason: "lifetime longer"},
	{name: "exp above the largest integer", claims: claim("exp", `9223372036854775808`), reason: "exp"},
	{name: "lifetime of an hour", claims: claim("exp", at(3600))},
	{name: "lifetime of an hour and a second", claims: claim("exp", at(3601)), reason: "lifetime longer"},
	{name: "exp equal to iat", claims: claim("exp", at(0)), reason: "not after iat"},
	{name: "iat missing", claims: claim("iat", ""), reason: "iat"},
	{name: "iat 60 s ahead", claims: claim("iat", at(60))},
	{name: "iat 61 s ahead", claims: claim("iat", at(61)), reason: "in the future"},
	{name: "nbf 60 s ahead", claims: claim("nbf", at(60))},
	{name: "nbf 61 s ahead", claims: claim("nbf", at(61)), reason: "nbf"},
	{name: "nbf a string", claims: claim("nbf", `"0"`), reason: "nbf"},
	{name: "unknown claims are ignored", claims: claim("act", `{"sub":{"x":[1,2]}}`)},
	{name: "payload is a string", body: `"admin"`, reason: "not a JSON object"},
	{name: "payload is not JSON", body: `admin`, reason: "not a JSON object"},
	{name: "sub twice", body: strings.TrimSuffix(body(nil), "}") + `,"sub":"admin"}`, reason: "duplicate"},
}

func TestVerify(t *testing.T) {
	t.Parallel()
	r := open(t, &memoryStore{}, Options{})
	for _, c := range slices.Concat(malformed, badClaims, forged(t, r)) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			claims, err := r.Verify(c.build(t, r))
			if c.reason == "" {
				require.NoError(t, err)
				require.Equal(t, "user", claims.Subject)
				return
			}
			require.Zero(t, claims)
			require.ErrorIs(t, err, ErrInvalidToken)
			require.ErrorContains(t, errors.Unwrap(err), c.reason)
		})
	}
}

// forged returns tokens with an invalid signature.
func forged(t *testing.T, r *Ring) []tokenCase {
	t.Helper()
	k := r.keys.Load().newest()
	der, err := x509.MarshalPKIXPublicKey(k.public)
	require.NoError(t, err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	const hs, unmatched = `{"alg":"HS256","kid":"KID","typ":"at+jwt"}`, "signature does not match"
	foreign := es256(t, open(t, &memoryStore{}, Options{}).keys.Load().newest().private)
	valid := es256(t, k.private)
	return []tokenCase{
		{name: "HS256 with the public key in PEM", header: hs, signer: hs256(publicPEM), reason: "algorithm of the key"},
		{name: "HS256 with the public key in DER", header: hs, signer: hs256(der), reason: "algorithm of the key"},
		{name: "HS256 with the public key as a JWK", header: hs, signer: hs256(k.row.Public), reason: "algorithm of the key"},
		{name: "HMAC with the public key, alg ES256", signer: hs256(publicPEM), reason: unmatched},
		{name: "foreign key, our kid", signer: foreign, reason: unmatched},
		{name: "zeros", signer: func([]byte) []byte { return make([]byte, 64) }, reason: unmatched},
		{name: "signature truncated", signer: func(in []byte) []byte { return valid(in)[:63] }, reason: unmatched},
		{name: "signature with an extra byte", signer: func(in []byte) []byte { return append(valid(in), 0) }, reason: unmatched},
		{name: "signature of other data", signer: func([]byte) []byte { return valid([]byte("other data")) }, reason: unmatched},
		{name: "signature in ASN.1", signer: func(in []byte) []byte { return asn1Signature(t, valid(in)) }, reason: unmatched},
		{name: "payload changed after signing", reason: unmatched, mangle: func(s string) string {
			p := strings.Split(s, ".")
			return p[0] + "." + b64url.EncodeToString([]byte(body(claim("sub", `"admin"`)))) + "." + p[2]
		}},
		{name: "header changed after signing", reason: unmatched, mangle: func(s string) string {
			p := strings.Split(s, ".")
			header := `{"typ":"at+jwt","alg":"ES256","kid":"` + k.row.ID + `"}`
			return b64url.EncodeToString([]byte(header)) + "." + p[1] + "." + p[2]
		}},
	}
}

// A key verifies only its own algorithm, even in a ring with keys for both.
func TestVerifyBindsTheAlgorithmToTheKey(t *testing.T) {
	t.Parallel()
	store := &memoryStore{}
	old := open(t, store, Options{}).keys.Load().newest()
	r := open(t, store, Options{Algorithm: EdDSA})
	header := `{"alg":"EdDSA","kid":"` + old.row.ID + `","typ":"at+jwt"}`
	_, err := r.Verify(forge(header, body(nil), es256(t, old.private)))
	require.ErrorIs(t, err, ErrInvalidToken)
	require.ErrorContains(t, err, "algorithm of the key")
}
