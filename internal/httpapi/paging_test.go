package httpapi

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
)

func TestPageSize(t *testing.T) {
	t.Parallel()
	require.Equal(t, defaultPageSize, pageSize(nil))
	requested := 7
	require.Equal(t, 7, pageSize(&requested))
}

func TestCursor(t *testing.T) {
	t.Parallel()
	want := account.Position{CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), ID: "id", Key: "ü"}
	var got account.Position
	require.NoError(t, readCursor(writeCursor(&want), &got))
	require.Equal(t, want, got)

	require.Nil(t, writeCursor[string](nil), "no next page")
	require.NoError(t, readCursor(nil, &got))
	require.Equal(t, want, got, "no cursor leaves the position unchanged")
	for _, invalid := range []string{"!", "anVuaw", "W10", *writeCursor(&want) + "="} {
		require.Error(t, readCursor(&invalid, new(account.Position)), invalid)
	}
}
