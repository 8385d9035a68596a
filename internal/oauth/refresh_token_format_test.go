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

// A token says what was put into it, has the same text each time, and fits a URL and a header.
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

// Every other character at every place, every character too few or too many, is another token than
// ours. The last character has bits that count for nothing: they must be zero all the same.
func TestRefreshTokenEveryChange(t *testing.T) {
	t.Parallel()
	keys := refreshKeys{newKey, oldKey}
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \n\x00é"
	for _, counter := range []int64{0, 127, 128, 1 << 40} {
		text := keys.encode(refreshToken{family: make([]byte, familySize), counter: counter})
		for i := range len(text) {
			for _, c := range characters {
				if string(c) != text[i:i+1] {
					requireJunk(t, keys, text[:i]+string(c)+text[i+1:])
				}
				requireJunk(t, keys, text[:i]+string(c)+text[i:])
			}
			requireJunk(t, keys, text[:i])
			requireJunk(t, keys, text[:i]+text[i+1:])
		}
		for _, c := range characters {
			requireJunk(t, keys, text+string(c))
		}
	}
}

func requireJunk(t *testing.T, keys refreshKeys, text string) {
	t.Helper()
	_, ok := keys.decode(text)
	require.False(t, ok, "%q", text)
}

// What only somebody with the key could make is refused too, if we would not have made it.
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
	require.True(t, ok, "the forger knows the format")
	require.Equal(t, int64(5), got.counter)
	require.Equal(t, good, keys.encode(got))
	for name, text := range map[string]string{
		"another version":                       forge(2, number(newKey), family, []byte{5}),
		"another key number":                    forge(1, number(newKey)+1, family, []byte{5}),
		"a short family":                        forge(1, number(newKey), family[1:], []byte{5}),
		"a long family":                         forge(1, number(newKey), append(family, 0), []byte{5}),
		"no counter":                            forge(1, number(newKey), family, nil),
		"a counter without end":                 forge(1, number(newKey), family, []byte{0x85}),
		"a counter too large":                   forge(1, number(newKey), family, binary.AppendUvarint(nil, 1<<63)),
		"a counter in more bytes than it needs": forge(1, number(newKey), family, []byte{0x85, 0x00}),
		"too long":                              forge(1, number(newKey), append(family, make([]byte, 50)...), []byte{5}),
		"nothing":                               "",
		"a prefix":                              "rt_",
		"another":                               strings.Replace(good, "rt_", "RT_", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireJunk(t, keys, text)
		})
	}
}

// The master secret is replaced: the first key signs, all verify, one that is gone does not.
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

// Two keys may have one number: then both are tried.
func TestRefreshKeysOfOneNumber(t *testing.T) {
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

// Whatever is decoded is what would have been made for it: there is one text for a token.
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
