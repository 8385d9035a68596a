package store

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConditions(t *testing.T) {
	t.Parallel()
	c := NewConditions("$")
	require.Empty(t, c.Where())
	require.Empty(t, c.Args())
	c.Add(`active`)
	c.Add(`(at, id) < (?, ?)`, 1, "x")
	limit := c.Arg(50)
	require.Equal(t, "$3", limit)
	require.Equal(t, `WHERE active AND (at, id) < ($1, $2)`, c.Where())
	require.Equal(t, `WHERE active AND (at, id) < ($1, $2) AND a AND b`, c.Where(`a`, `b`))
	require.Equal(t, `WHERE active AND (at, id) < ($1, $2) AND c`, c.Where(`c`), "more conditions are not kept")
	require.Equal(t, []any{1, "x", 50}, c.Args())
}

func TestConditionsOtherPlaceholder(t *testing.T) {
	t.Parallel()
	c := NewConditions("?")
	c.Add(`name = ?`, "ann")
	c.Add(`id > ?`, 7)
	require.Equal(t, `WHERE name = ?1 AND id > ?2`, c.Where())
}
