package oauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var (
	oldKey = []byte(strings.Repeat("o", 32))
	newKey = []byte(strings.Repeat("n", 32))
)

// Decoding a token returns what was encoded. The same content always has the same text, which needs no
// escaping in URLs and headers.
func TestRefreshTokenRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		keys := refreshKeys(rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 32, 32), 1, 3).Draw(t, "keys"))
		want := refreshToken{
			family:  rapid.SliceOfN(rapid.Byte(), familySize, familySize).Draw(t, "family"),
			counter: rapid.Int64Range(0, 1<<62).Draw(t, "counter"),
		}
		text := keys.encode(want)
		require.Regexp(t, `^rt_[A-Za-z0-9_-]{68,80}$`, text)
		require.Equal(t, text, keys.encode(want))
		got, ok := keys.decode(text)
		require.True(t, ok)
		require.Equal(t, want, got)
	})
}

// A token with any character replaced, inserted or removed is invalid. The last character has bits that
// encode nothing; they must be zero.
func TestChangedRefreshToken(t *testing.T) {
	t.Parallel()
	keys := refreshKeys{newKey, oldKey}
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \n\x00é"
	for _, counter := range []int64{0, 127, 128, 1 << 40} {
		text := keys.encode(refreshToken{family: make([]byte, familySize), counter: counter})
		for i := range len(text) {
			for _, c := range characters {
				if string(c) != text[i:i+1] {
					requireInvalid(t, keys, text[:i]+string(c)+text[i+1:])
				}
				requireInvalid(t, keys, text[:i]+string(c)+text[i:])
			}
			requireInvalid(t, keys, text[:i])
			requireInvalid(t, keys, text[:i]+text[i+1:])
		}
		for _, c := range characters {
			requireInvalid(t, keys, text+string(c))
		}
	}
}

func requireInvalid(t *testing.T, keys refreshKeys, text string) {
	t.Helper()
	_, ok := keys.decode(text)
	require.False(t, ok, "%q", text)
}

// A token in another form than that of encode is invalid, even with a valid MAC.
func TestRefreshTokenForms(t *testing.T) {
	t.Parallel()
	keys := refreshKeys{newKey}
	family := make([]byte, familySize)
	forge := func(version, key byte, family, counter []byte) string {
		raw := append(append([]byte{version, key}, family...), counter...)
		mac := hmac.New(sha256.New, newKey)
		mac.Write([]byte("rt1"))
		mac.Write(raw)
		return "rt_" + base64.RawURLEncoding.EncodeToString(mac.Sum(raw))
	}
	good := forge(1, number(newKey), family, []byte{5})
	got, ok := keys.decode(good)
	require.True(t, ok, "the test knows the format")
	require.Equal(t, int64(5), got.counter)
	require.Equal(t, good, keys.encode(got))
	for name, text := range map[string]string{
		"another version":                       forge(2, number(newKey), family, []byte{5}),
		"another key number":                    forge(1, number(newKey)+1, family, []byte{5}),
		"a short family":                        forge(1, number(newKey), family[1:], []byte{5}),
		"a long family":                         forge(1, number(newKey), append(family, 0), []byte{5}),
		"no counter":                            forge(1, number(newKey), family, nil),
		"an incomplete counter":                 forge(1, number(newKey), family, []byte{0x85}),
		"a counter too large":                   forge(1, number(newKey), family, binary.AppendUvarint(nil, 1<<63)),
		"a counter in more bytes than it needs": forge(1, number(newKey), family, []byte{0x85, 0x00}),
		"too long":                              forge(1, number(newKey), append(family, make([]byte, 50)...), []byte{5}),
		"empty":                                 "",
		"prefix only":                           "rt_",
		"another case":                          strings.Replace(good, "rt_", "RT_", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireInvalid(t, keys, text)
		})
	}
}

// When the master secret is rotated, the first key signs and all verify. A removed key does not verify.
func TestRefreshKeysRotate(t *testing.T) {
	t.Parallel()
	token := refreshToken{family: make([]byte, familySize), counter: 3}
	before, during, after := refreshKeys{oldKey}, refreshKeys{newKey, oldKey}, refreshKeys{newKey}
	require.NotEqual(t, before.encode(token), during.encode(token))
	require.Equal(t, after.encode(token), during.encode(token))
	for _, c := range []struct {
		by, text string
		keys     refreshKeys
		known    bool
	}{
		{"old by both", before.encode(token), during, true},
		{"old by new", before.encode(token), after, false},
		{"new by both", during.encode(token), during, true},
		{"new by new", during.encode(token), after, true},
		{"new by old", during.encode(token), before, false},
		{"new by both, the other first", during.encode(token), refreshKeys{oldKey, newKey}, true},
	} {
		_, ok := c.keys.decode(c.text)
		require.Equal(t, c.known, ok, c.by)
	}
}

// If two keys have the same number, both are tried.
func TestRefreshKeysWithTheSameNumber(t *testing.T) {
	t.Parallel()
	twin := make([]byte, 32)
	for i := uint32(0); number(twin) != number(newKey); i++ {
		binary.BigEndian.PutUint32(twin, i)
	}
	token := refreshToken{family: make([]byte, familySize), counter: 1}
	for _, signer := range []refreshKeys{{twin}, {newKey}} {
		for _, verifier := range []refreshKeys{{twin, newKey}, {newKey, twin}} {
			got, ok := verifier.decode(signer.encode(token))
			require.True(t, ok)
			require.Equal(t, token, got)
		}
	}
	_, ok := refreshKeys{twin}.decode(refreshKeys{newKey}.encode(token))
	require.False(t, ok)
}

// Every text that can be decoded is the one that encode returns: a token has one text.
func FuzzDecode(f *testing.F) {
	keys := refreshKeys{newKey, oldKey}
	good := keys.encode(refreshToken{family: make([]byte, familySize), counter: 200})
	for _, seed := range []string{"", "rt_", good, good + "=", good[:len(good)-1], good[3:], "rt_" + strings.Repeat("A", 68), strings.ToUpper(good)} {
		f.Add(seed)
	}
	f.Add(refreshKeys{oldKey}.encode(refreshToken{family: make([]byte, familySize)}))
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := keys.decode(text)
		if !ok {
			require.Zero(t, got)
			return
		}
		require.Contains(t, []string{keys.encode(got), keys[1:].encode(got)}, text)
	})
}
