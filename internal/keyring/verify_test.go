package keyring

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// hostile is a token that differs from a good one in the members that are set.
type hostile struct {
	name   string
	header string                    // JSON; KID stands for the kid of our key
	claims map[string]string         // name to JSON, beside the good ones; empty: without it
	body   string                    // JSON, in place of the claims
	seal   func(input []byte) []byte // in place of our signature
	mangle func(token string) string // done at the end
	fault  string                    // what the log is told; empty: accepted
}

const goodHeader = `{"alg":"ES256","kid":"KID","typ":"at+jwt"}`

// build makes the token of a row, signed by hand with the ring's own key.
func (h hostile) build(t testing.TB, r *Ring) string {
	t.Helper()
	k := r.keys.Load().newest()
	if h.header == "" {
		h.header = goodHeader
	}
	if h.body == "" {
		h.body = body(h.claims)
	}
	if h.seal == nil {
		h.seal = es256(t, k.private)
	}
	token := forge(strings.ReplaceAll(h.header, "KID", k.row.ID), h.body, h.seal)
	if h.mangle != nil {
		token = h.mangle(token)
	}
	return token
}

// body is a good payload with some claims changed.
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

// at is a NumericDate, seconds from the time of the tests.
func at(seconds int64) string { return strconv.FormatInt(epoch.Unix()+seconds, 10) }

func hs256(key []byte) func([]byte) []byte {
	return func(input []byte) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write(input)
		return mac.Sum(nil)
	}
}

func nothing([]byte) []byte { return nil }

func claim(name, value string) map[string]string { return map[string]string{name: value} }

// shapes are faults of the form and of the header, which cost no signature check.
var shapes = []hostile{
	{name: "empty", mangle: func(string) string { return "" }, fault: "three segments"},
	{name: "words", mangle: func(string) string { return "let me in" }, fault: "three segments"},
	{name: "two segments", mangle: func(s string) string { return s[:strings.LastIndex(s, ".")] }, fault: "three segments"},
	{name: "four segments", mangle: func(s string) string { return s + ".AAAA" }, fault: "three segments"},
	{name: "encrypted token, five segments", mangle: func(s string) string { return s + ".AAAA.AAAA" }, fault: "three segments"},
	{name: "JSON serialisation", mangle: func(string) string { return `{"payload":"e30","signatures":[]}` }, fault: "three segments"},
	{name: "only dots", mangle: func(string) string { return ".." }, fault: "empty or not canonical"},
	{name: "4097 bytes", mangle: func(s string) string { return s + strings.Repeat("A", 4097-len(s)) }, fault: "4096"},
	{name: "a megabyte of dots", mangle: func(string) string { return strings.Repeat(".", 1<<20) }, fault: "4096"},
	{name: "empty signature", seal: nothing, fault: "empty or not canonical"},
	{name: "empty payload", mangle: func(s string) string { p := strings.Split(s, "."); return p[0] + ".." + p[2] }, fault: "empty or not canonical"},
	{name: "leading space", mangle: func(s string) string { return " " + s }, fault: "canonical"},
	{name: "line end", mangle: func(s string) string { return s + "\n" }, fault: "canonical"},
	{name: "line end inside", mangle: func(s string) string { return s[:9] + "\r\n" + s[9:] }, fault: "canonical"},
	{name: "padding", mangle: func(s string) string { return s + "==" }, fault: "canonical"},
	{name: "standard alphabet", mangle: func(s string) string { return s[:len(s)-4] + "+/+A" }, fault: "canonical"},
	{name: "loose bits", mangle: func(s string) string { return s[:len(s)-1] + string(s[len(s)-1]+1) }, fault: "canonical"},
	{name: "header of 513 bytes", header: `{"alg":"ES256","kid":"KID","typ":"` + strings.Repeat("x", 513) + `"}`, fault: "512"},
	{name: "header is an array", header: `["ES256"]`, fault: "not a JSON object"},
	{name: "header is no JSON", header: `alg=ES256`, fault: "not a JSON object"},
	{name: "header cut", header: goodHeader[:len(goodHeader)-1], fault: "malformed JSON"},
	{name: "two headers", header: goodHeader + goodHeader, fault: "after the JSON"},
	{name: "alg twice", header: `{"alg":"none","alg":"ES256","kid":"KID","typ":"at+jwt"}`, fault: "twice"},
	{name: "alg twice, escaped", header: `{"alg":"ES256","\u0061lg":"none","kid":"KID","typ":"at+jwt"}`, fault: "twice"},
	{name: "crit", header: `{"alg":"ES256","kid":"KID","typ":"at+jwt","crit":["exp"]}`, fault: "other members"},
	{name: "empty crit", header: `{"alg":"ES256","kid":"KID","typ":"at+jwt","crit":[]}`, fault: "other members"},
	{name: "b64", header: `{"alg":"ES256","kid":"KID","typ":"at+jwt","b64":false}`, fault: "other members"},
	{name: "jku", header: `{"alg":"ES256","kid":"KID","typ":"at+jwt","jku":"https://evil.example/jwks"}`, fault: "other members"},
	{name: "jwk", header: `{"alg":"ES256","kid":"KID","typ":"at+jwt","jwk":{"kty":"oct","k":"AAAA"}}`, fault: "other members"},
	{name: "jwk in place of kid", header: `{"alg":"ES256","jwk":{"kty":"oct","k":"AAAA"},"typ":"at+jwt"}`, fault: "string kid"},
	{name: "x5u", header: `{"alg":"ES256","kid":"KID","typ":"at+jwt","x5u":"https://evil.example/c.pem"}`, fault: "other members"},
	{name: "x5c", header: `{"alg":"ES256","kid":"KID","typ":"at+jwt","x5c":["AAAA"]}`, fault: "other members"},
	{name: "zip", header: `{"alg":"ES256","kid":"KID","typ":"at+jwt","zip":"DEF"}`, fault: "other members"},
	{name: "enc", header: `{"alg":"dir","kid":"KID","typ":"at+jwt","enc":"A256GCM"}`, fault: "other members"},
	{name: "no typ", header: `{"alg":"ES256","kid":"KID"}`, fault: "other members"},
	{name: "typ JWT", header: `{"alg":"ES256","kid":"KID","typ":"JWT"}`, fault: "another type"},
	{name: "typ in capitals", header: `{"alg":"ES256","kid":"KID","typ":"AT+JWT"}`, fault: "another type"},
	{name: "typ a number", header: `{"alg":"ES256","kid":"KID","typ":1}`, fault: "string typ"},
	{name: "names in capitals", header: `{"ALG":"ES256","kid":"KID","typ":"at+jwt"}`, fault: "string alg"},
	{name: "no kid", header: `{"alg":"ES256","typ":"at+jwt"}`, fault: "other members"},
	{name: "null kid", header: `{"alg":"ES256","kid":null,"typ":"at+jwt"}`, fault: "unknown key"},
	{name: "unknown kid", header: `{"alg":"ES256","kid":"nobody","typ":"at+jwt"}`, fault: "unknown key"},
	{name: "kid and a space", header: `{"alg":"ES256","kid":"KID ","typ":"at+jwt"}`, fault: "unknown key"},
	{name: "kid is a path", header: `{"alg":"ES256","kid":"../../dev/null","typ":"at+jwt"}`, fault: "unknown key"},
	{name: "alg none", header: `{"alg":"none","kid":"KID","typ":"at+jwt"}`, fault: "algorithm of the key"},
	{name: "alg None", header: `{"alg":"None","kid":"KID","typ":"at+jwt"}`, fault: "algorithm of the key"},
	{name: "alg none without signature", header: `{"alg":"none","kid":"KID","typ":"at+jwt"}`, seal: nothing, fault: "empty"},
	{name: "alg es256", header: `{"alg":"es256","kid":"KID","typ":"at+jwt"}`, fault: "algorithm of the key"},
	{name: "alg RS256 with an EC key", header: `{"alg":"RS256","kid":"KID","typ":"at+jwt"}`, fault: "algorithm of the key"},
	{name: "alg ES384", header: `{"alg":"ES384","kid":"KID","typ":"at+jwt"}`, fault: "algorithm of the key"},
}

// judged are faults behind a good signature, and the borders of what is accepted.
var judged = []hostile{
	{name: "good"},
	{name: "iss and a slash", claims: claim("iss", `"`+issuer+`/"`), fault: "another issuer"},
	{name: "iss missing", claims: claim("iss", ""), fault: "iss"},
	{name: "iss an array", claims: claim("iss", `["`+issuer+`"]`), fault: "iss"},
	{name: "aud missing", claims: claim("aud", ""), fault: "aud"},
	{name: "aud another", claims: claim("aud", `"https://other.example"`), fault: "another audience"},
	{name: "aud begins like ours", claims: claim("aud", `"`+audience+`.evil"`), fault: "another audience"},
	{name: "aud an array without us", claims: claim("aud", `["x","y"]`), fault: "another audience"},
	{name: "aud an empty array", claims: claim("aud", `[]`), fault: "another audience"},
	{name: "aud an array with a number", claims: claim("aud", `["`+audience+`",1]`), fault: "aud"},
	{name: "aud an array with us", claims: claim("aud", `["`+audience+`","x"]`)},
	{name: "sub missing", claims: claim("sub", ""), fault: "sub"},
	{name: "sub empty", claims: claim("sub", `""`), fault: "sub"},
	{name: "sub null", claims: claim("sub", `null`), fault: "sub"},
	{name: "sub a number", claims: claim("sub", `7`), fault: "sub"},
	{name: "jti missing", claims: claim("jti", ""), fault: "jti"},
	{name: "client_id missing", claims: claim("client_id", ""), fault: "client_id"},
	{name: "sid a number", claims: claim("sid", `7`), fault: "sid"},
	{name: "scope an array", claims: claim("scope", `["a"]`), fault: "scope"},
	{name: "roles a string", claims: claim("roles", `"ROLE_ADMIN"`), fault: "roles"},
	{name: "exp 59 s ago", claims: map[string]string{"exp": at(-59), "iat": at(-900)}},
	{name: "exp 60 s ago", claims: map[string]string{"exp": at(-60), "iat": at(-900)}, fault: "expired"},
	{name: "exp 61 s ago", claims: map[string]string{"exp": at(-61), "iat": at(-900)}, fault: "expired"},
	{name: "exp missing", claims: claim("exp", ""), fault: "exp"},
	{name: "exp null", claims: claim("exp", `null`), fault: "exp"},
	{name: "exp a string", claims: claim("exp", `"`+at(900)+`"`), fault: "exp"},
	{name: "exp 1e308", claims: claim("exp", `1e308`), fault: "exp"},
	{name: "exp a fraction", claims: claim("exp", at(900)+`.5`), fault: "exp"},
	{name: "exp -1", claims: claim("exp", `-1`), fault: "exp"},
	{name: "exp the largest integer", claims: claim("exp", `9223372036854775807`), fault: "a life"},
	{name: "exp beyond integers", claims: claim("exp", `9223372036854775808`), fault: "exp"},
	{name: "an hour to live", claims: claim("exp", at(3600))},
	{name: "an hour and a second to live", claims: claim("exp", at(3601)), fault: "a life"},
	{name: "exp not after iat", claims: claim("exp", at(0)), fault: "a life"},
	{name: "iat missing", claims: claim("iat", ""), fault: "iat"},
	{name: "iat 60 s ahead", claims: claim("iat", at(60))},
	{name: "iat 61 s ahead", claims: claim("iat", at(61)), fault: "in the future"},
	{name: "nbf 60 s ahead", claims: claim("nbf", at(60))},
	{name: "nbf 61 s ahead", claims: claim("nbf", at(61)), fault: "nbf"},
	{name: "nbf a string", claims: claim("nbf", `"0"`), fault: "nbf"},
	{name: "unknown claims are ignored", claims: claim("act", `{"sub":{"x":[1,2]}}`)},
	{name: "payload is a string", body: `"admin"`, fault: "not a JSON object"},
	{name: "payload is no JSON", body: `admin`, fault: "not a JSON object"},
	{name: "sub twice", body: strings.TrimSuffix(body(nil), "}") + `,"sub":"admin"}`, fault: "twice"},
}

func TestVerify(t *testing.T) {
	t.Parallel()
	r := open(t, &memory{}, Options{})
	for _, c := range slices.Concat(shapes, judged, forgeries(t, r)) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			claims, err := r.Verify(c.build(t, r))
			if c.fault == "" {
				require.NoError(t, err)
				require.Equal(t, "user", claims.Subject)
				return
			}
			require.Zero(t, claims)
			require.ErrorIs(t, err, oauth.ErrInvalidToken)
			require.ErrorContains(t, errors.Unwrap(err), c.fault)
		})
	}
}

// forgeries are signatures that are not ours.
func forgeries(t *testing.T, r *Ring) []hostile {
	t.Helper()
	k := r.keys.Load().newest()
	der, err := x509.MarshalPKIXPublicKey(k.public)
	require.NoError(t, err)
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	const hs, unmatched = `{"alg":"HS256","kid":"KID","typ":"at+jwt"}`, "signature does not match"
	stranger := es256(t, open(t, &memory{}, Options{}).keys.Load().newest().private)
	ours := es256(t, k.private)
	return []hostile{
		{name: "HS256 with our PEM", header: hs, seal: hs256(text), fault: "algorithm of the key"},
		{name: "HS256 with our DER", header: hs, seal: hs256(der), fault: "algorithm of the key"},
		{name: "HS256 with our JWK", header: hs, seal: hs256(k.row.Public), fault: "algorithm of the key"},
		{name: "HMAC with our PEM named ES256", seal: hs256(text), fault: unmatched},
		{name: "another's key under our kid", seal: stranger, fault: unmatched},
		{name: "zeros", seal: func([]byte) []byte { return make([]byte, 64) }, fault: unmatched},
		{name: "signature cut", seal: func(in []byte) []byte { return ours(in)[:63] }, fault: unmatched},
		{name: "signature longer", seal: func(in []byte) []byte { return append(ours(in), 0) }, fault: unmatched},
		{name: "signature of something else", seal: func([]byte) []byte { return ours([]byte("else")) }, fault: unmatched},
		{name: "signature in ASN.1", seal: func(in []byte) []byte { return inASN1(t, ours(in)) }, fault: unmatched},
		{name: "payload changed afterwards", fault: unmatched, mangle: func(s string) string {
			p := strings.Split(s, ".")
			return p[0] + "." + b64url.EncodeToString([]byte(body(claim("sub", `"admin"`)))) + "." + p[2]
		}},
		{name: "header changed afterwards", fault: unmatched, mangle: func(s string) string {
			p := strings.Split(s, ".")
			header := `{"typ":"at+jwt","alg":"ES256","kid":"` + k.row.ID + `"}`
			return b64url.EncodeToString([]byte(header)) + "." + p[1] + "." + p[2]
		}},
	}
}

// inASN1 writes a signature the way TLS does.
func inASN1(t *testing.T, raw []byte) []byte {
	t.Helper()
	pair := struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])}
	der, err := asn1.Marshal(pair)
	require.NoError(t, err)
	return der
}

// The key of one algorithm is no key for another, even in a ring that has both.
func TestVerifyBindsAlgorithmToKey(t *testing.T) {
	t.Parallel()
	store := &memory{}
	old := open(t, store, Options{}).keys.Load().newest()
	r := open(t, store, Options{Algorithm: EdDSA})
	header := `{"alg":"EdDSA","kid":"` + old.row.ID + `","typ":"at+jwt"}`
	_, err := r.Verify(forge(header, body(nil), es256(t, old.private)))
	require.ErrorIs(t, err, oauth.ErrInvalidToken)
	require.ErrorContains(t, err, "algorithm of the key")
}
