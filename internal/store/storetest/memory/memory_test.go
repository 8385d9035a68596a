package memory_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
	"github.com/latchkey-auth/latchkey/internal/store/storetest/memory"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.RunAccounts(t, func(*testing.T) storetest.Accounts { return memory.New() })
}

// TestHookActive checks that a change stores its notice if the test says that a webhook is active.
func TestHookActive(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, active := range []bool{false, true} {
		s := memory.New()
		s.HookActive = active
		notice := outbox.New(uuid.NewString(), outbox.WebhookEvent, "a notice", now)
		require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Change{Jobs: []outbox.Job{notice}}))
		jobs, err := s.Jobs(t.Context())
		require.NoError(t, err)
		require.Equal(t, active, len(jobs) == 1)
	}
}
