//go:build sdk

package e2e

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const ordersAudience = "https://orders.example.com"

// A Spring Boot application accepts the tokens as docs/clients/spring.md says: with only the issuer those
// with typ JWT, and with the bean those with at+jwt, each no others.
func TestSDKSpring(t *testing.T) {
	t.Parallel()
	jar := buildSpring(t)
	withType := map[string]*server{
		"at+jwt": startForSDK(t, "LATCHKEY_AUDIENCE="+ordersAudience),
		"JWT":    startForSDK(t, "LATCHKEY_AUDIENCE="+ordersAudience, "LATCHKEY_JWT_AUDIENCES="+ordersAudience),
	}
	for profile, accepts := range map[string]string{"default": "JWT", "bean": "at+jwt"} {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			for typ, s := range withType {
				hello := startSpring(t, jar, profile, s.issuer) + "/hello"
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, hello, nil)
				require.NoError(t, err)
				request.Header.Set("Authorization", "Bearer "+s.devToken(t, "user"))
				got := send(t, http.DefaultClient, request)
				if typ != accepts {
					require.Equal(t, http.StatusUnauthorized, got.status, typ)
					continue
				}
				require.Equal(t, http.StatusOK, got.status, "%s: %v", typ, got.header)
				require.Equal(t, "[ROLE_USER]", got.body)
			}
		})
	}
}

// buildSpring builds the application of the page. Its bean is there only in the profile "bean".
func buildSpring(t *testing.T) (jar string) {
	t.Helper()
	dir := t.TempDir()
	copyTo(t, "testdata/sdk/spring/pom.xml", dir)
	src := filepath.Join(dir, "src")
	extract(t, "spring.md", src)
	bean := filepath.Join(src, "AccessTokens.java")
	text, err := os.ReadFile(bean)
	require.NoError(t, err)
	const annotation = "@Configuration\npublic"
	require.Contains(t, string(text), annotation)
	changed := strings.Replace(string(text), annotation, `@org.springframework.context.annotation.Profile("bean") `+annotation, 1)
	// A class of a Spring application must be in a package.
	require.NoError(t, os.WriteFile(bean, []byte("package orders;\n"+changed), 0o600))
	application := filepath.Join(src, "Application.java")
	text, err = os.ReadFile(application)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(application, append([]byte("package orders;\n"), text...), 0o600))
	run(t, dir, nil, required(t, "SDK_MAVEN"), "--batch-mode", "--quiet", "package")
	return filepath.Join(dir, "target", "orders.jar")
}

var tomcatStarted = regexp.MustCompile(`Tomcat started on port (\d+)`)

// startSpring starts the application for an issuer, until the end of the test, and returns its URL.
func startSpring(t *testing.T, jar, profile, issuer string) string {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), "java", "-XX:TieredStopAtLevel=1", "-jar", jar,
		"--server.port=0", "--server.address=127.0.0.1", "--spring.profiles.active="+profile)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "AUTH_URL="+issuer)
	return "http://127.0.0.1:" + startProgram(t, cmd, newOutput(tomcatStarted))[1]
}
