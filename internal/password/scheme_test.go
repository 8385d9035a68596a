package password

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// Made by argon2-cffi 25 (the reference C code) and by the pyca bcrypt library.
var foreign = []struct{ name, hash, password string }{
	{"argon2id, our parameters", "$argon2id$v=19$m=19456,t=2,p=1$3H1AOerE+nxf4I0nZgGaHQ$2MBAfxdGPYWhtnYK23CZc+xYBv1rLdNn1FBVNuRM9zI", "correct horse battery staple"},
	{"argon2id, two lanes", "$argon2id$v=19$m=12288,t=3,p=2$VNH624M3/PviOVageX3Wiw$SEhTpv67/vd4Z6mO7v2Vdrahgol/igYd1W9szoc8AeM", "Zażółć gęślą jaźń"},
	{"argon2id, short tag", "$argon2id$v=19$m=47104,t=1,p=1$neyPnNWxbZZkaWKx7kLPyA$VVN+E+GqHH8AE/i+w9rOuxIew+9AsMQS", "p$ss w,rd=%"},
	{"bcrypt 2a", "$2a$04$nkVRjStwJ/lLylmRLhOMY.Izg.c7589BTnWTgsq2tcJHJcqAc/.Se", "correct horse battery staple"},
	{"bcrypt 2b", "$2b$04$s.T4LB5wC0KMNhXJAwFzz.N9oNI5DNoSyYNBvQeJSMjxP4JgKnqX2", "correct horse battery staple"},
	{"bcrypt 2y", "$2y$04$s.T4LB5wC0KMNhXJAwFzz.N9oNI5DNoSyYNBvQeJSMjxP4JgKnqX2", "correct horse battery staple"},
}

func TestForeignHashes(t *testing.T) {
	t.Parallel()
	for _, c := range foreign {
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

const (
	salt16 = "c2FsdHNhbHRzYWx0c2FsdA"                      // 16 bytes
	tag32  = "dGFndGFndGFndGFndGFndGFndGFndGFndGFndGFndGE" // 32 bytes
)

func TestParse(t *testing.T) {
	t.Parallel()
	phc := func(params, salt, tag string) string { return "$argon2id$v=19$" + params + "$" + salt + "$" + tag }
	const good = "m=19456,t=2,p=1"
	bcrypt53 := strings.Repeat("a", 53)
	for _, c := range []struct {
		name, hash string
		fault      string // empty: accepted
	}{
		{name: "ours", hash: phc(good, salt16, tag32)},
		{name: "largest", hash: phc("m=65536,t=10,p=4", b64.EncodeToString(make([]byte, 64)), b64.EncodeToString(make([]byte, 64)))},
		{name: "smallest", hash: phc("m=8,t=1,p=1", "c2FsdHNhbHQ", b64.EncodeToString(make([]byte, 16)))},
		{name: "empty", hash: "", fault: "unknown algorithm"},
		{name: "plain text", hash: "hunter2", fault: "unknown algorithm"},
		{name: "argon2i", hash: "$argon2i$v=19$m=8,t=1,p=1$" + salt16 + "$" + tag32, fault: "unknown algorithm"},
		{name: "leading space", hash: " " + phc(good, salt16, tag32), fault: "unknown algorithm"},
		{name: "257 bytes", hash: phc(good, salt16, strings.Repeat("A", 257)), fault: "longer than 256"},
		{name: "memory above 64 MiB", hash: phc("m=65537,t=2,p=1", salt16, tag32), fault: "m is not"},
		{name: "memory overflows", hash: phc("m=4294967296,t=2,p=1", salt16, tag32), fault: "parameters"},
		{name: "memory below 8p", hash: phc("m=31,t=1,p=4", salt16, tag32), fault: "m is not"},
		{name: "no memory", hash: phc("m=0,t=1,p=1", salt16, tag32), fault: "m is not"},
		{name: "eleven passes", hash: phc("m=19456,t=11,p=1", salt16, tag32), fault: "t is not"},
		{name: "no passes", hash: phc("m=19456,t=0,p=1", salt16, tag32), fault: "t is not"},
		{name: "five lanes", hash: phc("m=19456,t=2,p=5", salt16, tag32), fault: "p is not"},
		{name: "no lanes", hash: phc("m=19456,t=2,p=0", salt16, tag32), fault: "p is not"},
		{name: "lanes overflow", hash: phc("m=19456,t=2,p=257", salt16, tag32), fault: "parameters"},
		{name: "negative", hash: phc("m=-1,t=2,p=1", salt16, tag32), fault: "parameters"},
		{name: "leading zero", hash: phc("m=019456,t=2,p=1", salt16, tag32), fault: "canonical"},
		{name: "plus sign", hash: phc("m=+19456,t=2,p=1", salt16, tag32), fault: "parameters"},
		{name: "other order", hash: phc("t=2,m=19456,p=1", salt16, tag32), fault: "parameters"},
		{name: "one more parameter", hash: phc(good+",keyid=AA", salt16, tag32), fault: "canonical"},
		{name: "version 16", hash: "$argon2id$v=16$" + good + "$" + salt16 + "$" + tag32, fault: "version 19"},
		{name: "no version", hash: "$argon2id$" + good + "$" + salt16 + "$" + tag32, fault: "five fields"},
		{name: "no tag", hash: "$argon2id$v=19$" + good + "$" + salt16, fault: "five fields"},
		{name: "one field more", hash: phc(good, salt16, tag32) + "$", fault: "five fields"},
		{name: "salt of 7 bytes", hash: phc(good, "c2FsdHNhbA", tag32), fault: "salt"},
		{name: "salt padded", hash: phc(good, salt16+"==", tag32), fault: "salt"},
		{name: "salt with loose bits", hash: phc(good, salt16[:21]+"B", tag32), fault: "salt"},
		{name: "tag of 15 bytes", hash: phc(good, salt16, b64.EncodeToString(make([]byte, 15))), fault: "tag"},
		{name: "tag of 65 bytes", hash: phc(good, salt16, b64.EncodeToString(make([]byte, 65))), fault: "tag"},
		{name: "tag with a line end", hash: phc(good, salt16, tag32+"\n"), fault: "canonical"},
		{name: "tag in the URL alphabet", hash: phc(good, salt16, "-"+tag32[1:]), fault: "tag"},
		{name: "bcrypt", hash: "$2b$15$" + bcrypt53},
		{name: "bcrypt cost 16", hash: "$2b$16$" + bcrypt53, fault: "cost"},
		{name: "bcrypt cost 03", hash: "$2b$03$" + bcrypt53, fault: "cost"},
		{name: "bcrypt 2x", hash: "$2x$10$" + bcrypt53, fault: "unknown algorithm"},
		{name: "bcrypt short", hash: "$2b$10$" + bcrypt53[1:], fault: "malformed"},
		{name: "bcrypt long", hash: "$2b$10$" + bcrypt53 + "a", fault: "malformed"},
		{name: "bcrypt with a line end", hash: "$2b$10$" + bcrypt53 + "\n", fault: "malformed"},
		{name: "bcrypt other alphabet", hash: "$2b$10$+" + bcrypt53[1:], fault: "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, err := parse(c.hash)
			if c.fault == "" {
				require.NoError(t, err)
				return
			}
			require.Nil(t, s)
			require.ErrorContains(t, err, c.fault)
		})
	}
}

// RFC 9106 §5.3 has a secret and associated data, which the library does not offer; this vector is
// that of the reference code's own test (password "password", salt "somesalt", t=2, m=256, p=1).
func TestReferenceVector(t *testing.T) {
	t.Parallel()
	tag, err := hex.DecodeString("9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe")
	require.NoError(t, err)
	h := argon2idHash{params: Params{Memory: 256, Time: 2, Threads: 1}, salt: []byte("somesalt"), tag: tag}
	require.Equal(t, tag, h.compute("password"))
}

// bcrypt reads 72 bytes: a longer password must not be taken for its own beginning.
func TestBcrypt72Bytes(t *testing.T) {
	t.Parallel()
	for range 40 {
		raw := make([]byte, 54)
		_, _ = rand.Read(raw)
		prefix := b64.EncodeToString(raw) // 72 characters
		hash, err := bcrypt.GenerateFromPassword([]byte(prefix), bcrypt.MinCost)
		require.NoError(t, err)
		s, err := parse(string(hash))
		require.NoError(t, err)
		require.True(t, s.matches(prefix), "exactly 72 bytes are a password like any other")
		for n := range 25 {
			suffix := hex.EncodeToString(random(n + 1))
			require.False(t, s.matches(prefix+suffix))
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range foreign {
		f.Add(c.hash)
	}
	f.Fuzz(func(t *testing.T, hash string) {
		s, err := parse(hash)
		if err != nil {
			require.Nil(t, s)
			return
		}
		require.LessOrEqual(t, len(hash), maxStored)
		switch s := s.(type) {
		case argon2idHash:
			require.NoError(t, s.params.bounded())
			require.Equal(t, hash, s.String(), "only the canonical spelling is read")
		case bcryptHash:
			cost, err := bcrypt.Cost(s)
			require.NoError(t, err)
			require.LessOrEqual(t, cost, bcryptMaxCost)
		}
	})
}
