package httpapi

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/api"
)

// TestProfileJSON compares the JSON of a profile with that of the generated response, for any value of any field.
func TestProfileJSON(t *testing.T) {
	t.Parallel()
	anyTime := rapid.Custom(func(t *rapid.T) time.Time {
		seconds := rapid.Int64Range(0, 1<<37).Draw(t, "seconds") // until the year 6325
		return time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
	})
	users := rapid.MakeCustom[api.User](rapid.MakeConfig{Types: map[reflect.Type]*rapid.Generator[any]{
		reflect.TypeFor[time.Time](): anyTime.AsAny(),
	}})
	rapid.Check(t, func(t *rapid.T) {
		user := users.Draw(t, "user")
		if user.Roles == nil {
			user.Roles = []string{} // the contract has no null
		}
		var want bytes.Buffer
		require.NoError(t, json.NewEncoder(&want).Encode(user))
		require.Equal(t, want.String(), string(profileResponse(user).append(nil)))
	})
}

func BenchmarkProfileJSON(b *testing.B) {
	name := "Ada"
	user := api.User{
		Active: true, CreatedAt: time.Now().UTC(), Email: "ada@example.com", Id: uuid.New(), Name: &name,
		Roles: []string{"ROLE_USER"}, UpdatedAt: time.Now().UTC(), Username: "ada",
	}
	b.Run("appended", func(b *testing.B) {
		for b.Loop() {
			profileResponse(user).append(make([]byte, 0, 512))
		}
	})
	b.Run("reflected", func(b *testing.B) {
		for b.Loop() {
			var buffer bytes.Buffer
			_ = json.NewEncoder(&buffer).Encode(user)
		}
	})
}
