package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAdoptedRole(t *testing.T) {
	t.Parallel()
	for name, role := range map[string]string{
		"ROLE_USER": "ROLE_USER", "role_user": "ROLE_USER", "user": "ROLE_USER", "Content editor": "ROLE_CONTENT_EDITOR",
		"level-2": "ROLE_LEVEL_2", "": "ROLE_", "Редактор": "Редактор", "a\x1bb": "ROLE_A_B",
	} {
		require.Equal(t, role, adoptedRole(name), name)
	}
}
