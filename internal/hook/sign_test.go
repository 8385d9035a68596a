package hook

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

func TestSignatureExampleOfSpecification(t *testing.T) {
	t.Parallel()
	// The example of the Standard Webhooks specification's reference libraries.
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	header := http.Header{}
	sign(header, [][]byte{key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	require.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", header.Get("Webhook-Signature"))
	require.Equal(t, "1614265330", header.Get("Webhook-Timestamp"))
}

func TestSeveralSecrets(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t, Options{}), newReceiver(t, 200)
	_, old := f.create(t, r.URL)
	f.keys = []string{"newer", "master"}
	f.emit(t, audit.UserSignedIn)
	f.run(t)
	request := r.received()[0]
	require.Len(t, strings.Split(request.header.Get("Webhook-Signature"), " "), 2)
	require.True(t, verify(t, old, request), "receivers with the old secret cannot verify the request")
	newer, err := json.Marshal(f.secrets(f.store.hooks[0].ID)[0])
	require.NoError(t, err)
	require.True(t, verify(t, "whsec_"+strings.Trim(string(newer), `"`), request))
}
