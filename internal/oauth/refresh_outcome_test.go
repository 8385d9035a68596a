package oauth

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Each verdict is reported once, under its own name; a lost race is not, because it is judged again.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		verdict verdict
		err     error
		want    []string
	}{
		{rotate, nil, []string{"rotated"}},
		{repeat, nil, []string{"repeated"}},
		{overused, fault.Denied("", repeatWait), []string{"limited"}},
		{reuse, ErrRefresh, []string{"reused"}},
		{refuse, ErrRefresh, []string{"refused"}},
		{rotate, fault.ErrUnavailable, []string{"failed"}},
		{reuse, errors.New("the store failed"), []string{"failed"}},
		{rotate, fault.ErrNotFound, nil},
	} {
		var got []string
		s := &Service{refreshed: func(outcome string) { got = append(got, outcome) }}
		s.observeRefresh(c.verdict, c.err)
		require.Equal(t, c.want, got, "%v %v", c.verdict, c.err)
		for _, outcome := range got {
			require.Contains(t, Outcomes, outcome)
		}
	}
}
