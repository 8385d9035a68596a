package password

import (
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// vectors were made with argon2-cffi 25 (the reference C code) and with the bcrypt library of pyca.
var vectors = []struct{ name, hash, password string }{
	{"argon2id, our parameters", "$argon2id$v=19$m=19456,t=2,p=1$3H1AOerE+nxf4I0nZgGaHQ$2MBAfxdGPYWhtnYK23CZc+xYBv1rLdNn1FBVNuRM9zI", "correct horse battery staple"},
	{"argon2id, two lanes", "$argon2id$v=19$m=12288,t=3,p=2$VNH624M3/PviOVageX3Wiw$SEhTpv67/vd4Z6mO7v2Vdrahgol/igYd1W9szoc8AeM", "Zażółć gęślą jaźń"},
	{"argon2id, short tag", "$argon2id$v=19$m=47104,t=1,p=1$neyPnNWxbZZkaWKx7kLPyA$VVN+E+GqHH8AE/i+w9rOuxIew+9AsMQS", "p$ss w,rd=%"},
	{"bcrypt 2a", "$2a$04$nkVRjStwJ/lLylmRLhOMY.Izg.c7589BTnWTgsq2tcJHJcqAc/.Se", "correct horse battery staple"},
	{"bcrypt 2b", "$2b$04$s.T4LB5wC0KMNhXJAwFzz.N9oNI5DNoSyYNBvQeJSMjxP4JgKnqX2", "correct horse battery staple"},
	{"bcrypt 2y", "$2y$04$s.T4LB5wC0KMNhXJAwFzz.N9oNI5DNoSyYNBvQeJSMjxP4JgKnqX2", "correct horse battery staple"},
}

func TestHashesOfOtherLibraries(t *testing.T) {
	t.Parallel()
	for _, c := range vectors {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, err := parse(c.hash)
			require.NoError(t, err)
			require.True(t, s.matches(c.password))
			require.False(t, s.matches(c.password+"x"))
			require.False(t, s.matches(""))
		})
	}
}

//go:embed testdata/foreign.tsv
var foreignText string

// foreignHashes returns the lines of that file: kind, hash, password.
func foreignHashes(t testing.TB) [][]string {
	var all [][]string
	for line := range strings.Lines(foreignText) {
		if !strings.HasPrefix(line, "#") {
			all = append(all, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
		}
	}
	require.GreaterOrEqual(t, len(all), 200)
	return all
}

// Two hundred hashes of all kinds match their passwords, and are outdated.
func TestForeignHashes(t *testing.T) {
	t.Parallel()
	for _, c := range foreignHashes(t) {
		kind, hash, password := c[0], c[1], c[2]
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			// A hasher of its own: a failure takes as long as the slowest hash that its hasher has met.
			h := newHasher(t, Options{Params: Params{Memory: 128, Time: 1, Threads: 1}, Queue: 400, Wait: time.Minute})
			require.NoError(t, h.CheckHash(hash), hash)
			ok, outdated, err := h.Verify(t.Context(), hash, password)
			require.NoError(t, err)
			require.True(t, ok, hash)
			require.True(t, outdated, hash)

			ok, outdated, err = h.Verify(t.Context(), hash, password+"x")
			require.NoError(t, err)
			require.False(t, ok, hash)
			require.False(t, outdated, hash)
		})
	}
}

const (
	salt16 = "c2FsdHNhbHRzYWx0c2FsdA"                      // 16 bytes
	tag32  = "dGFndGFndGFndGFndGFndGFndGFndGFndGFndGFndGE" // 32 bytes
)

const goodParams = "m=19456,t=2,p=1"

// bcrypt53 has the length of the salt and the tag of a bcrypt hash.
var bcrypt53 = strings.Repeat("a", 53)

func phc(params, salt, tag string) string { return "$argon2id$v=19$" + params + "$" + salt + "$" + tag }

var parseCases = []struct {
	name, hash string
	want       string // in the error; empty: accepted
}{
	{name: "ours", hash: phc(goodParams, salt16, tag32)},
	{name: "largest", hash: phc("m=65536,t=10,p=4", b64.EncodeToString(make([]byte, 64)), b64.EncodeToString(make([]byte, 64)))},
	{name: "smallest", hash: phc("m=8,t=1,p=1", "c2FsdHNhbHQ", b64.EncodeToString(make([]byte, 16)))},
	{name: "empty", hash: "", want: "unknown algorithm"},
	{name: "plain text", hash: "hunter2", want: "unknown algorithm"},
	{name: "argon2d", hash: "$argon2d$v=19$m=8,t=1,p=1$" + salt16 + "$" + tag32, want: "unknown algorithm"},
	{name: "argon2i", hash: "$argon2i$v=19$m=8,t=1,p=1$" + salt16 + "$" + tag32},
	{name: "argon2i above 64 MiB", hash: "$argon2i$v=19$m=65537,t=1,p=1$" + salt16 + "$" + tag32, want: "m is not"},
	{name: "Django's argon2", hash: "argon2$argon2id$v=19$m=8,t=1,p=1$" + salt16 + "$" + tag32},
	{name: "Django's argon2 at its defaults", hash: "argon2$argon2id$v=19$m=102400,t=2,p=8$" + salt16 + "$" + tag32, want: "p is not"},
	{name: "Django's argon2d", hash: "argon2$argon2d$v=19$m=8,t=1,p=1$" + salt16 + "$" + tag32, want: "neither"},
	{name: "leading space", hash: " " + phc(goodParams, salt16, tag32), want: "unknown algorithm"},
	{name: "257 bytes", hash: phc(goodParams, salt16, strings.Repeat("A", 257)), want: "longer than 256"},
	{name: "memory above 64 MiB", hash: phc("m=65537,t=2,p=1", salt16, tag32), want: "m is not"},
	{name: "memory overflows", hash: phc("m=4294967296,t=2,p=1", salt16, tag32), want: "parameters"},
	{name: "memory below 8p", hash: phc("m=31,t=1,p=4", salt16, tag32), want: "m is not"},
	{name: "no memory", hash: phc("m=0,t=1,p=1", salt16, tag32), want: "m is not"},
	{name: "eleven passes", hash: phc("m=19456,t=11,p=1", salt16, tag32), want: "t is not"},
	{name: "no passes", hash: phc("m=19456,t=0,p=1", salt16, tag32), want: "t is not"},
	{name: "five lanes", hash: phc("m=19456,t=2,p=5", salt16, tag32), want: "p is not"},
	{name: "no lanes", hash: phc("m=19456,t=2,p=0", salt16, tag32), want: "p is not"},
	{name: "lanes overflow", hash: phc("m=19456,t=2,p=257", salt16, tag32), want: "parameters"},
	{name: "negative", hash: phc("m=-1,t=2,p=1", salt16, tag32), want: "parameters"},
	{name: "leading zero", hash: phc("m=019456,t=2,p=1", salt16, tag32), want: "canonical"},
	{name: "plus sign", hash: phc("m=+19456,t=2,p=1", salt16, tag32), want: "parameters"},
	{name: "wrong order", hash: phc("t=2,m=19456,p=1", salt16, tag32), want: "parameters"},
	{name: "extra parameter", hash: phc(goodParams+",keyid=AA", salt16, tag32), want: "canonical"},
	{name: "version 16", hash: "$argon2id$v=16$" + goodParams + "$" + salt16 + "$" + tag32, want: "version 19"},
	{name: "no version", hash: "$argon2id$" + goodParams + "$" + salt16 + "$" + tag32, want: "five fields"},
	{name: "no tag", hash: "$argon2id$v=19$" + goodParams + "$" + salt16, want: "five fields"},
	{name: "one extra field", hash: phc(goodParams, salt16, tag32) + "$", want: "five fields"},
	{name: "salt of 7 bytes", hash: phc(goodParams, "c2FsdHNhbA", tag32), want: "salt"},
	{name: "salt padded", hash: phc(goodParams, salt16+"==", tag32), want: "salt"},
	{name: "salt with non-zero trailing bits", hash: phc(goodParams, salt16[:21]+"B", tag32), want: "salt"},
	{name: "tag of 15 bytes", hash: phc(goodParams, salt16, b64.EncodeToString(make([]byte, 15))), want: "tag"},
	{name: "tag of 65 bytes", hash: phc(goodParams, salt16, b64.EncodeToString(make([]byte, 65))), want: "tag"},
	{name: "tag with a line break", hash: phc(goodParams, salt16, tag32+"\n"), want: "canonical"},
	{name: "tag in the URL alphabet", hash: phc(goodParams, salt16, "-"+tag32[1:]), want: "tag"},
	{name: "bcrypt", hash: "$2b$15$" + bcrypt53},
	{name: "bcrypt cost 16", hash: "$2b$16$" + bcrypt53, want: "cost"},
	{name: "bcrypt cost 03", hash: "$2b$03$" + bcrypt53, want: "cost"},
	{name: "bcrypt 2x", hash: "$2x$10$" + bcrypt53, want: "unknown algorithm"},
	{name: "bcrypt short", hash: "$2b$10$" + bcrypt53[1:], want: "malformed"},
	{name: "bcrypt long", hash: "$2b$10$" + bcrypt53 + "a", want: "malformed"},
	{name: "bcrypt with a line break", hash: "$2b$10$" + bcrypt53 + "\n", want: "malformed"},
	{name: "bcrypt wrong alphabet", hash: "$2b$10$+" + bcrypt53[1:], want: "malformed"},
	{name: "Django's bcrypt cost 16", hash: "bcrypt$$2b$16$" + bcrypt53, want: "cost"},
	{name: "Django's bcrypt prefix twice", hash: "bcrypt$bcrypt$$2b$10$" + bcrypt53, want: "malformed"},
	{name: "Django's bcrypt of SHA-256 cost 16", hash: "bcrypt_sha256$$2b$16$" + bcrypt53, want: "cost"},

	{name: "scrypt, largest", hash: "$scrypt$ln=17,r=8,p=4$" + salt16 + "$" + tag32},
	{name: "scrypt, many lanes", hash: "$scrypt$ln=14,r=8,p=10$" + salt16 + "$" + tag32},
	{name: "scrypt ln=18", hash: "$scrypt$ln=18,r=1,p=1$" + salt16 + "$" + tag32, want: "N is not"},
	{name: "scrypt ln overflows", hash: "$scrypt$ln=64,r=1,p=1$" + salt16 + "$" + tag32, want: "N is not"},
	{name: "scrypt ln=0", hash: "$scrypt$ln=0,r=1,p=1$" + salt16 + "$" + tag32, want: "N is not"},
	{name: "scrypt r=9", hash: "$scrypt$ln=14,r=9,p=1$" + salt16 + "$" + tag32, want: "r is not"},
	{name: "scrypt r=0", hash: "$scrypt$ln=14,r=0,p=1$" + salt16 + "$" + tag32, want: "r is not"},
	{name: "scrypt p=11", hash: "$scrypt$ln=14,r=8,p=11$" + salt16 + "$" + tag32, want: "p is not"},
	{name: "scrypt takes too long", hash: "$scrypt$ln=17,r=8,p=5$" + salt16 + "$" + tag32, want: "too long"},
	{name: "scrypt negative", hash: "$scrypt$ln=14,r=8,p=-1$" + salt16 + "$" + tag32, want: "p is not"},
	{name: "scrypt leading zero", hash: "$scrypt$ln=014,r=8,p=1$" + salt16 + "$" + tag32, want: "N is not"},
	{name: "scrypt wrong order", hash: "$scrypt$r=8,ln=14,p=1$" + salt16 + "$" + tag32, want: "N is not"},
	{name: "scrypt two parameters", hash: "$scrypt$ln=14,r=8$" + salt16 + "$" + tag32, want: "parameters"},
	{name: "scrypt without salt", hash: "$scrypt$ln=14,r=8,p=1$$" + tag32, want: "salt"},
	{name: "scrypt tag with a line break", hash: "$scrypt$ln=14,r=8,p=1$" + salt16 + "$" + tag32 + "\n", want: "tag"},
	{name: "scrypt one extra field", hash: "$scrypt$ln=14,r=8,p=1$" + salt16 + "$" + tag32 + "$", want: "four fields"},
	{name: "Django's scrypt", hash: "scrypt$16384$seasalt$8$5$" + tag32 + "="},
	{name: "Django's scrypt, N not a power of two", hash: "scrypt$16383$seasalt$8$5$" + tag32 + "=", want: "N is not"},
	{name: "Django's scrypt, N too large", hash: "scrypt$262144$seasalt$8$1$" + tag32 + "=", want: "N is not"},
	{name: "Django's scrypt, N overflows", hash: "scrypt$18446744073709568000$seasalt$8$1$" + tag32 + "=", want: "N is not"},
	{name: "Django's scrypt, unpadded", hash: "scrypt$16384$seasalt$8$5$" + tag32, want: "tag"},
	{name: "Django's scrypt, no salt", hash: "scrypt$16384$$8$5$" + tag32 + "=", want: "salt"},
	{name: "Django's scrypt, short", hash: "scrypt$16384$seasalt$8$5", want: "six fields"},

	{name: "passlib's pbkdf2", hash: "$pbkdf2-sha256$10000000$" + salt16 + "$" + tag32},
	{name: "passlib's pbkdf2, too many iterations", hash: "$pbkdf2-sha256$10000001$" + salt16 + "$" + tag32, want: "iterations"},
	{name: "passlib's pbkdf2, none", hash: "$pbkdf2-sha256$0$" + salt16 + "$" + tag32, want: "iterations"},
	{name: "passlib's pbkdf2, iterations overflow", hash: "$pbkdf2-sha256$9223372036854775808$" + salt16 + "$" + tag32, want: "iterations"},
	{name: "passlib's pbkdf2, leading zero", hash: "$pbkdf2-sha256$01000$" + salt16 + "$" + tag32, want: "iterations"},
	{name: "passlib's pbkdf2, expensive digest", hash: "$pbkdf2-sha512$5000001$" + salt16 + "$" + tag32, want: "too long"},
	{name: "passlib's pbkdf2, two expensive blocks", hash: "$pbkdf2$5000001$" + salt16 + "$" + tag32, want: "too long"},
	{name: "passlib's pbkdf2, plus sign", hash: "$pbkdf2-sha256$1000$+" + salt16[1:] + "$" + tag32, want: "salt"},
	{name: "passlib's pbkdf2, salt of 65 bytes", hash: "$pbkdf2-sha256$1000$" + b64.EncodeToString(make([]byte, 65)) + "$" + tag32, want: "salt"},
	{name: "passlib's pbkdf2, short tag", hash: "$pbkdf2-sha256$1000$" + salt16 + "$" + b64.EncodeToString(make([]byte, 15)), want: "tag"},
	{name: "PHC's pbkdf2", hash: "$pbkdf2-sha512$i=210000$" + salt16 + "$" + tag32},
	{name: "PHC's pbkdf2, Keycloak's most expensive default", hash: "$pbkdf2$i=1300000$" + salt16 + "$" + b64.EncodeToString(make([]byte, 64))},
	{name: "PHC's pbkdf2, dot", hash: "$pbkdf2-sha512$i=210000$." + salt16[1:] + "$" + tag32, want: "salt"},
	{name: "PHC's pbkdf2, too many iterations", hash: "$pbkdf2-sha512$i=10000001$" + salt16 + "$" + tag32, want: "iterations"},
	{name: "pbkdf2-sha384", hash: "$pbkdf2-sha384$i=1000$" + salt16 + "$" + tag32, want: "unknown algorithm"},
	{name: "Django's pbkdf2", hash: "pbkdf2_sha256$1000000$seasalt$" + tag32 + "="},
	{name: "Django's pbkdf2, too many iterations", hash: "pbkdf2_sha256$10000001$seasalt$" + tag32 + "=", want: "iterations"},
	{name: "Django's pbkdf2, no salt", hash: "pbkdf2_sha256$1000000$$" + tag32 + "=", want: "salt"},
	{name: "Django's pbkdf2, a line break", hash: "pbkdf2_sha256$1000000$seasalt$" + tag32 + "=\n", want: "tag"},
	{name: "Django's pbkdf2, short", hash: "pbkdf2_sha256$1000000$seasalt", want: "four fields"},
	{name: "Django's MD5", hash: "md5$seasalt$f5531bef9f3687d0ccf0f617f0e25573", want: "unknown algorithm"},
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range parseCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, err := parse(c.hash)
			require.Equal(t, err, (*Hasher)(nil).CheckHash(c.hash))
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.Nil(t, s)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), tag32, "the error contains no part of the hash")
		})
	}
}

// The vector of RFC 9106 §5.3 has a secret and associated data, which the library does not support. This
// one is from the tests of the reference code.
func TestReferenceVector(t *testing.T) {
	t.Parallel()
	tag, err := hex.DecodeString("9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe")
	require.NoError(t, err)
	h := argon2Hash{variant: argon2id, params: Params{Memory: 256, Time: 2, Threads: 1}, salt: []byte("somesalt"), tag: tag}
	require.Equal(t, tag, h.compute("password"))
}

var bcryptPrefixes = flag.Int("password.prefixes", 4, "passwords of 72 bytes, each of which is extended to 25 longer ones")

// bcrypt reads 72 bytes of a password. A longer password must not match a hash of its first 72 bytes.
func TestBcrypt72Bytes(t *testing.T) {
	t.Parallel()
	for range *bcryptPrefixes {
		raw := make([]byte, 54)
		_, _ = rand.Read(raw)
		prefix := b64.EncodeToString(raw) // 72 characters
		hash, err := bcrypt.GenerateFromPassword([]byte(prefix), bcrypt.MinCost)
		require.NoError(t, err)
		s, err := parse(string(hash))
		require.NoError(t, err)
		require.True(t, s.matches(prefix), "a password of exactly 72 bytes matches")
		for n := range 25 {
			suffix := hex.EncodeToString(random(n + 1))
			require.False(t, s.matches(prefix+suffix))
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range vectors {
		f.Add(c.hash)
	}
	for _, c := range foreignHashes(f) {
		f.Add(c[1])
	}
	f.Fuzz(func(t *testing.T, hash string) {
		s, err := parse(hash)
		if err != nil {
			require.Nil(t, s)
			return
		}
		require.LessOrEqual(t, len(hash), maxStored)
		switch s := s.(type) {
		case argon2Hash:
			require.NoError(t, s.params.bounded())
			require.True(t, hash == s.String() || hash == "argon2"+s.String(), "only the canonical form is accepted")
		case bcryptHash:
			requireCost(t, s)
		case bcryptSHA256:
			requireCost(t, s.bcryptHash)
		case scryptHash:
			require.NoError(t, s.bounded())
			require.LessOrEqual(t, 128*s.n*s.r, 128<<20, "bytes of memory")
		case pbkdf2Hash:
			require.NoError(t, s.bounded())
		default:
			t.Fatalf("this test does not check the limits of %T", s)
		}
	})
}

func requireCost(t *testing.T, h bcryptHash) {
	t.Helper()
	cost, err := bcrypt.Cost(h.text)
	require.NoError(t, err)
	require.LessOrEqual(t, cost, bcryptMaxCost)
}
