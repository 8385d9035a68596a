package throttle

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// The contract tells callers the limits that hold: q attempts at once, back within w seconds.
func TestPoliciesInContract(t *testing.T) {
	t.Parallel()
	held := map[string]string{}
	for name, p := range map[string]Policy{
		fault.LimitSignIn: loginUser, fault.LimitClientSecret: clientSecret, fault.LimitEmail: emailTo, fault.LimitSignUp: signup,
	} {
		held[name] = fmt.Sprintf(`"%s";q=%d;w=%d`, name, p.Burst, time.Duration(p.Burst)*p.Every/time.Second)
	}
	contract, err := api.GetSpec()
	require.NoError(t, err)
	told := map[string]bool{}
	for _, item := range contract.Paths.Map() {
		for _, op := range item.Operations() {
			text, limited := op.Extensions["x-rate-limit"].(string)
			if !limited {
				continue
			}
			require.NotNil(t, op.Responses.Status(429), op.OperationID)
			for one := range strings.SplitSeq(text, ", ") {
				name := strings.Trim(strings.Split(one, ";")[0], `"`)
				require.Equal(t, held[name], one, op.OperationID)
				told[name] = true
			}
		}
	}
	require.Len(t, told, len(held))
}
