package userfile

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Lines of mongoexport are read one by one. An id is a UUID, and no error repeats what the line contains.
func FuzzReadMongo(f *testing.F) {
	for _, seed := range []string{
		`{"_id":{"$oid":"65a1b2c3d4e5f60718293a4b"},"name":"Ann","email":"ann@example.org","password":"$2b$12$abcdefghijklmnopqrstuv","role":"user","verified":true,"created_at":{"$date":"2024-01-02T03:04:05.678Z"}}`,
		`{"_id":{"$binary":{"base64":"dGhpcyBpcyAxNiBieXRlcw==","subType":"04"}},"email":"ann@example.org","hashed_password":"$argon2id$x","is_active":true,"is_superuser":false}`,
		`{"_id":{"$uuid":"5f0c6c1e-9b0e-4a3e-8a64-0d7b8c7f3a11"},"email":1}`, `{"created_at":{"$date":{"$numberLong":"-9223372036854775808"}}}`, `{"created_at":{"$date":1e400}}`,
		`{"_id":{"$oid":"x","$uuid":"y"}}`, `{"a":1,"a":2}`, `{}`, "[]\n{}", "\x00", `{"email":"\ud800"}`,
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, text string, codevoweb bool) {
		format := FastAPIUsers
		if codevoweb {
			format = CodevoWeb
		}
		reader, err := NewReader(strings.NewReader(text), format)
		require.NoError(t, err)
		for {
			r, _, err := reader.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				var invalid *fault.Error
				require.ErrorAs(t, err, &invalid)
				require.NotContains(t, fmt.Sprint(invalid.Text, invalid.Pointer), "\x1b")
				continue
			}
			if r.ID != "" {
				require.NoError(t, uuid.Validate(r.ID))
				require.Len(t, r.ID, 36)
			}
			require.False(t, r.CreatedAt.IsZero() && !r.CreatedAt.Equal(r.CreatedAt.UTC()))
		}
	})
}
