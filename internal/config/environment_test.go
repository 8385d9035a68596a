package config

import (
	"os"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

func TestCheckEnvironment(t *testing.T) {
	t.Parallel()
	var grammar struct {
		Serve Serve `cmd:"" name:"serve"`
	}
	parser, err := kong.New(&grammar)
	require.NoError(t, err)
	require.NoError(t, CheckEnvironment(parser.Model, []string{"LATCHKEY_LISTEN=x", "LATCHKEY_SECRET=x", "PATH=x", "LATCHKEYS=x"}))
	err = CheckEnvironment(parser.Model, []string{"LATCHKEY_LISTN=canary", "LATCHKEY_SECRETS=canary"})
	require.ErrorContains(t, err, "LATCHKEY_LISTN is not a setting")
	require.ErrorContains(t, err, "LATCHKEY_SECRETS is not a setting")
	require.NotContains(t, err.Error(), "canary", "values are not quoted")
}

// This test is not parallel, because it changes the working directory and the environment.
func TestLoadDotEnv(t *testing.T) {
	t.Chdir(t.TempDir())
	file, err := LoadDotEnv()
	require.NoError(t, err, "a missing file is not an error")
	require.Empty(t, file)
	t.Setenv("LATCHKEY_TEST_SET", "environment")
	t.Setenv("LATCHKEY_TEST_NEW", "") // so that the test restores it
	require.NoError(t, os.Unsetenv("LATCHKEY_TEST_NEW"))
	require.NoError(t, os.WriteFile(".env", []byte("LATCHKEY_TEST_SET=file\nLATCHKEY_TEST_NEW=\"a # b\"\n"), 0o600))
	file, err = LoadDotEnv()
	require.NoError(t, err)
	require.Equal(t, FileVariables{"LATCHKEY_TEST_NEW": true}, file)
	require.Equal(t, "environment", os.Getenv("LATCHKEY_TEST_SET"))
	require.Equal(t, "a # b", os.Getenv("LATCHKEY_TEST_NEW"))
}

// This test is not parallel, because it changes the working directory.
func TestDotEnvErrors(t *testing.T) {
	t.Chdir(t.TempDir())
	for text, want := range map[string]string{
		"# first\n\nno assignment canary\n":                     "line 3 is",
		"no assignment canary":                                  "line 1 is",
		"A=b\n=canary\n":                                        "line 2 is",
		"A=\"b\nc\"\n\nB-C=canary\n":                            "line 4 is",
		"A=b\r\n\r\nexport LATCHKEY_SECRET='canary\r\nB=canary": "line 3 (LATCHKEY_SECRET) is",
		"LATCHKEY_SECRET=\"canary\nB=\"canary\"\n":              "line 1 (LATCHKEY_SECRET) is",
		"A=b\nLATCHKEY_SECRET=\"canary\" canary\nB=c\n":         "line 2 (LATCHKEY_SECRET) is",
		"A=-----BEGIN\ncanary/canary=\n":                        "line 2 is",
		"canary=\"x":                                            "line 1 is",
	} {
		require.NoError(t, os.WriteFile(".env", []byte(text), 0o600))
		_, err := LoadDotEnv()
		require.ErrorContains(t, err, ".env: "+want+" not valid", text)
		require.NotContains(t, err.Error(), "canary", "no part of the file is quoted")
	}
	require.NoError(t, os.WriteFile(".env", []byte("LATCHKEY_TEST=a\x00canary\n"), 0o600))
	_, err := LoadDotEnv()
	require.ErrorContains(t, err, ".env: LATCHKEY_TEST: ")
	require.NotContains(t, err.Error(), "canary")
	require.NoError(t, os.Remove(".env"))
	require.NoError(t, os.Mkdir(".env", 0o700))
	_, err = LoadDotEnv()
	require.ErrorContains(t, err, ".env: ")
}

// Any text is read or refused, and what is refused has a line of the file.
func FuzzDotEnv(f *testing.F) {
	for _, text := range []string{"A=b\n", "A=\"b\nc", "A='\n'\n=", "export A=b\r\nB", "#\n\xef\xbb\xbfA=b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, ok := parseDotEnv(text); !ok {
			require.Error(t, dotEnvError(text))
		}
	})
}
