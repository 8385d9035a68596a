package store

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// filled returns a value in which no field is zero.
func filled(t *testing.T) SessionAndUser {
	t.Helper()
	var s SessionAndUser
	for _, part := range []reflect.Value{reflect.ValueOf(&s.Session).Elem(), reflect.ValueOf(&s.User).Elem()} {
		for i := range part.NumField() {
			field, name := part.Field(i), part.Type().Field(i).Name
			switch field.Interface().(type) {
			case string:
				field.SetString(name + " ä\x00")
			case []string:
				field.Set(reflect.ValueOf([]string{name, "", "more"}))
			case []byte:
				field.SetBytes([]byte(name))
			case bool:
				field.SetBool(true)
			case int, int64:
				field.SetInt(int64(1000*i + 1))
			case time.Time:
				field.Set(reflect.ValueOf(time.Date(2030, 1, 2, 3, 4, 5, 1000*(i+1), time.UTC)))
			default:
				t.Fatalf("no value for %s: Pack must learn about it first", name)
			}
		}
	}
	return s
}

// A field that visit does not know would be lost.
func TestPackEveryField(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]SessionAndUser{"all fields": filled(t), "no field": {}} {
		packed := s.Pack()
		require.Equal(t, s, packed.Unpack(), name)
		require.Equal(t, s.Session.ID, packed.ID(), name)
		require.Equal(t, s.User, PackUser(s.User).Unpack(), name)
	}
	require.Equal(t, SessionAndUser{}, PackedSession("").Unpack())
	require.Equal(t, account.User{}, PackedUser("").Unpack())
}

func TestPackAnyValues(t *testing.T) {
	t.Parallel()
	full := filled(t)
	rapid.Check(t, func(r *rapid.T) {
		s := full
		text, list := rapid.String(), rapid.SliceOf(rapid.String())
		s.Session.ID, s.User.PasswordHash, s.User.Name = text.Draw(r, "id"), text.Draw(r, "hash"), text.Draw(r, "name")
		s.Session.Scopes, s.User.Roles, s.User.Scopes = list.Draw(r, "scopes"), list.Draw(r, "roles"), nil
		s.Session.FamilyID = rapid.SliceOf(rapid.Byte()).Draw(r, "family")
		s.Session.Counter, s.User.Epoch = rapid.Int64().Draw(r, "counter"), rapid.Int64().Draw(r, "epoch")
		s.Session.Repeats = rapid.SampledFrom([]int{0, 1, -1, math.MaxInt, math.MinInt}).Draw(r, "repeats")
		s.Session.RevokedAt = time.UnixMicro(rapid.Int64Range(-1<<50, 1<<55).Draw(r, "revoked")).UTC()
		s.User.Active = rapid.Bool().Draw(r, "active")
		if got := s.Pack().Unpack(); !reflect.DeepEqual(s, got) {
			r.Fatalf("want %+v, got %+v", s, got)
		}
	})
}

// A caller that changes what it got changes nothing for others.
func TestUnpackOwnCopy(t *testing.T) {
	t.Parallel()
	packed := filled(t).Pack()
	first := packed.Unpack()
	clear(first.Session.FamilyID)
	clear(first.Session.Scopes)
	clear(first.User.Roles)
	clear(first.User.Scopes)
	require.Equal(t, filled(t), packed.Unpack())
}

func BenchmarkUnpack(b *testing.B) {
	s := SessionAndUser{}
	s.Session.ID, s.User.PasswordHash, s.User.Roles = "id", "hash", []string{"ROLE_USER"}
	packed := s.Pack()
	b.ReportAllocs()
	for b.Loop() {
		_ = packed.Unpack()
	}
}
