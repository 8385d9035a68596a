package account_test

import (
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

func TestPasswordPolicy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		password string
		code     fault.Code // empty: accepted
	}{
		"eight characters":         {password: "8 chars."},
		"seven characters":         {password: "7 chars", code: account.WeakPassword},
		"seven, though nine bytes": {password: "ÄÖÜäöüß"[:14], code: account.WeakPassword},
		"eight emoji":              {password: strings.Repeat("😀", 8)},
		"eight typed as sixteen":   {password: strings.Repeat("e\u0301", 8)},
		"seven typed as fourteen":  {password: strings.Repeat("e\u0301", 7), code: account.WeakPassword},
		"1024 bytes":               {password: strings.Repeat("x", 1024)},
		"1025 bytes":               {password: strings.Repeat("x", 1025), code: fault.InvalidRequest},
		"1536 typed, 1024 in NFC":  {password: strings.Repeat("e\u0301", 512)},
		"spaces only":              {password: strings.Repeat(" ", 8)},
		"common":                   {password: "Common-One", code: account.WeakPassword},
		"the username":             {password: "alice-in-wonderland", code: account.WeakPassword},
		"the username in capitals": {password: "ALICE-in-wonderland", code: account.WeakPassword},
		"the address":              {password: "rabbit-hole@example.com", code: account.WeakPassword},
		"the local part":           {password: "Rabbit-Hole", code: account.WeakPassword},
		"the name":                 {password: "alice liddell", code: account.WeakPassword},
		"the name and more":        {password: "alice liddell 1865"},
		"NUL":                      {password: "long enough\x00", code: fault.InvalidRequest},
		"invalid UTF-8":            {password: "long enough\xff", code: fault.InvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newFixture(t).Create(t.Context(), account.NewUser{
				Username: "Alice-in-Wonderland", Email: "Rabbit-Hole@example.com", Name: "Alice Liddell", Password: c.password,
			})
			pointer := ""
			if c.code != "" {
				pointer = "/password"
			}
			requireFault(t, err, c.code, pointer)
		})
	}
}
