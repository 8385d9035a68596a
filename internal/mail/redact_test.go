package mail

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	o := SMTPOptions{Username: "me", Password: "p%ss word"}
	for text, want := range map[string]string{
		"535 refused":    "535 refused",
		"535 p%ss word?": "535 …?",
		"535 AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00me\x00p%ss word")):                  "535 AUTH PLAIN …",
		"334 " + base64.StdEncoding.EncodeToString([]byte("p%ss word")) + "!":                                 "334 …!",
		"554 spam: https://a.example/reset-password#token=et_0123456789abcdefghijklmnopqrstuvwxyz_-ABCDE (x)": "554 spam: https://a.example/reset-password#token=et_… (x)",
	} {
		err := errors.New(text)
		got := o.redact(err)
		require.Equal(t, want, got.Error())
		require.ErrorIs(t, got, err)
	}
	require.Equal(t, "535 x", SMTPOptions{}.redact(errors.New("535 x")).Error())
}
