package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

func testOneTime(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"round trip":          tokenRoundTrip,
		"newer one":           tokenNewer,
		"missing":             tokenMissing,
		"expired":             tokenExpired,
		"e-mail":              tokenEmail,
		"e-mail, taken":       tokenEmailTaken,
		"e-mail, two at once": tokenEmailRaced,
		"reset":               tokenReset,
		"reset, another's":    tokenResetOther,
		"reset, 50 at once":   tokenResetRaced,
		"reset and deletion":  tokenDeleteRaced,
		"user deleted":        tokenUserDeleted,
		"purge":               tokenPurge,
	})
}

// mustToken stores a token for the user's address that expires an hour after noon, after edit.
func mustToken(t *testing.T, w World, u account.User, purpose account.Purpose, edit func(*account.Token)) account.Token {
	t.Helper()
	tok := account.Token{
		Hash: random(32), Purpose: purpose, UserID: u.ID, Email: u.Email, EmailKey: u.EmailKey,
		CreatedAt: noon, ExpiresAt: noon.Add(time.Hour),
	}
	if edit != nil {
		edit(&tok)
	}
	require.NoError(t, w.PutToken(t.Context(), tok))
	return tok
}

func requireToken(t *testing.T, w World, want account.Token, u account.User) {
	t.Helper()
	got, user, err := w.TokenByHash(t.Context(), want.Hash, noon)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, u, user)
}

func requireNoToken(t *testing.T, w World, hash []byte, at time.Time) {
	t.Helper()
	_, _, err := w.TokenByHash(t.Context(), hash, at)
	require.ErrorIs(t, err, account.ErrNotFound)
}

func tokenRoundTrip(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	verify, reset := mustToken(t, w, u, account.PurposeVerify, nil), mustToken(t, w, u, account.PurposeReset, nil)
	requireFilled(t, verify)
	requireToken(t, w, verify, u)
	requireToken(t, w, reset, u)
	east := mustToken(t, w, mustCreate(t, w, nil), account.PurposeReset, func(tok *account.Token) {
		tok.ExpiresAt = tok.ExpiresAt.Add(999 * time.Millisecond).In(time.FixedZone("east", 3600))
	})
	got, _, err := w.TokenByHash(t.Context(), east.Hash, noon)
	require.NoError(t, err)
	require.Equal(t, noon.Add(time.Hour), got.ExpiresAt) // equal to the second, and in UTC
}

func tokenNewer(t *testing.T, w World) {
	u, other := mustCreate(t, w, nil), mustCreate(t, w, nil)
	old, kept := mustToken(t, w, u, account.PurposeReset, nil), mustToken(t, w, u, account.PurposeVerify, nil)
	foreign := mustToken(t, w, other, account.PurposeReset, nil)
	newer := mustToken(t, w, u, account.PurposeReset, func(tok *account.Token) {
		tok.Email, tok.EmailKey, tok.CreatedAt, tok.ExpiresAt = "N@x", "n@x", noon.Add(time.Minute), noon.Add(2*time.Hour)
	})
	requireNoToken(t, w, old.Hash, noon)
	requireToken(t, w, newer, u)
	requireToken(t, w, kept, u)
	requireToken(t, w, foreign, other)
	errs := inParallel(20, func(int) error {
		newer := newer
		newer.Hash = random(32)
		return w.PutToken(t.Context(), newer)
	})
	require.NoError(t, errors.Join(errs...))
	requireNoToken(t, w, newer.Hash, noon)
}

func tokenMissing(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	tok := mustToken(t, w, u, account.PurposeReset, nil)
	for _, hash := range [][]byte{nil, {}, random(32), tok.Hash[:31]} {
		requireNoToken(t, w, hash, noon)
		require.ErrorIs(t, w.UseEmailToken(t.Context(), hash, noon, none), account.ErrNotFound)
		require.ErrorIs(t, w.UseResetToken(t.Context(), hash, "new", noon, none), account.ErrNotFound)
	}
	for _, id := range append(notIDs(u.ID), newUUID()) {
		other := tok
		other.Hash, other.UserID = random(32), id
		require.ErrorIs(t, w.PutToken(t.Context(), other), account.ErrNotFound, id)
		requireNoToken(t, w, other.Hash, noon)
	}
	// Nor is one of use for what it was not made for.
	require.ErrorIs(t, w.UseEmailToken(t.Context(), tok.Hash, noon, none), account.ErrNotFound)
	verify := mustToken(t, w, u, account.PurposeVerify, nil)
	require.ErrorIs(t, w.UseResetToken(t.Context(), verify.Hash, "new", noon, none), account.ErrNotFound)
	requireToken(t, w, tok, u)
	requireToken(t, w, verify, u)
}

func tokenExpired(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	verify, reset := mustToken(t, w, u, account.PurposeVerify, nil), mustToken(t, w, u, account.PurposeReset, nil)
	end := verify.ExpiresAt
	requireNoToken(t, w, verify.Hash, end)
	require.ErrorIs(t, w.UseEmailToken(t.Context(), verify.Hash, end, none), account.ErrNotFound)
	require.ErrorIs(t, w.UseResetToken(t.Context(), reset.Hash, "new", end, none), account.ErrNotFound)
	requireToken(t, w, verify, u)
	last := end.Add(-time.Second)
	_, _, err := w.TokenByHash(t.Context(), verify.Hash, last)
	require.NoError(t, err)
	require.NoError(t, w.UseEmailToken(t.Context(), verify.Hash, last, none))
	require.NoError(t, w.UseResetToken(t.Context(), reset.Hash, "new", last, none))
}

func tokenEmail(t *testing.T, w World) {
	u, other := mustCreate(t, w, func(u *account.User) { u.EmailVerified = false }), mustCreate(t, w, nil)
	s := mustSignIn(t, w, u, nil)
	reset := mustToken(t, w, u, account.PurposeReset, nil)
	at := u.UpdatedAt.Add(time.Minute)
	for _, email := range []string{u.Email, "New@x.example"} { // the one he has, and another
		tok := mustToken(t, w, u, account.PurposeVerify, func(tok *account.Token) {
			tok.Email, tok.EmailKey, tok.ExpiresAt = email, "key of "+email, at.Add(time.Hour)
		})
		require.NoError(t, w.UseEmailToken(t.Context(), tok.Hash, at, none))
		u.Email, u.EmailKey, u.EmailVerified, u.UpdatedAt = email, "key of "+email, true, at
		requireUser(t, w, u)
		requireNoToken(t, w, tok.Hash, noon)
		require.ErrorIs(t, w.UseEmailToken(t.Context(), tok.Hash, at, none), account.ErrNotFound)
	}
	requireToken(t, w, reset, u)
	requireUser(t, w, other)
	requireSession(t, w, s) // whose password was not changed
}

func tokenEmailTaken(t *testing.T, w World) {
	u, other := mustCreate(t, w, nil), mustCreate(t, w, nil)
	tok := mustToken(t, w, u, account.PurposeVerify, func(tok *account.Token) { tok.Email, tok.EmailKey = other.Email, other.EmailKey })
	require.ErrorIs(t, w.UseEmailToken(t.Context(), tok.Hash, noon, none), account.ErrEmailTaken)
	requireToken(t, w, tok, u)
	require.NoError(t, w.DeleteUser(t.Context(), other.ID, noon, none))
	require.NoError(t, w.UseEmailToken(t.Context(), tok.Hash, noon, none), "it was not consumed")
}

// tokenEmailRaced: of two who confirm one address at once one gets it.
func tokenEmailRaced(t *testing.T, w World) {
	for range 20 {
		key := newUUID() + "@x.example"
		var hashes [2][]byte
		for i := range hashes {
			hashes[i] = mustToken(t, w, mustCreate(t, w, nil), account.PurposeVerify, func(tok *account.Token) { tok.EmailKey = key }).Hash
		}
		errs := inParallel(2, func(i int) error { return w.UseEmailToken(t.Context(), hashes[i], noon, none) })
		lost := 0
		for i, err := range errs {
			if err != nil {
				lost++
				require.ErrorIs(t, err, account.ErrEmailTaken)
				_, _, err = w.TokenByHash(t.Context(), hashes[i], noon)
				require.NoError(t, err)
			}
		}
		require.Equal(t, 1, lost)
	}
}

func tokenReset(t *testing.T, w World) {
	u := mustCreate(t, w, func(u *account.User) { u.EmailVerified = false })
	other := mustCreate(t, w, nil)
	s, foreign := mustSignIn(t, w, u, nil), mustSignIn(t, w, other, nil)
	before := mustSignIn(t, w, u, func(s *oauth.Session) { *s = ended(*s, noon, oauth.EndedByReuse) })
	verify := mustToken(t, w, u, account.PurposeVerify, nil)
	tok := mustToken(t, w, u, account.PurposeReset, nil)
	later := noon.Add(time.Minute)
	require.NoError(t, w.UseResetToken(t.Context(), tok.Hash, "new", later, none))
	u.PasswordHash, u.Epoch, u.EmailVerified = "new", u.Epoch+1, true // a clock that is behind does not turn updated_at back
	requireUser(t, w, u)
	requireUser(t, w, other)
	requireSession(t, w, ended(s, later, oauth.EndedByPassword))
	requireSession(t, w, before)
	requireSession(t, w, foreign)
	requireToken(t, w, verify, u)
	require.ErrorIs(t, w.UseResetToken(t.Context(), tok.Hash, "newer", later, none), account.ErrNotFound)
	requireUser(t, w, u)
}

// tokenResetOther: the letter went to an address that is no longer his, which it does not confirm.
func tokenResetOther(t *testing.T, w World) {
	u := mustCreate(t, w, func(u *account.User) { u.EmailVerified = false })
	tok := mustToken(t, w, u, account.PurposeReset, func(tok *account.Token) { tok.EmailKey = "old@x.example" })
	require.NoError(t, w.UseResetToken(t.Context(), tok.Hash, "new", noon, none))
	u.PasswordHash, u.Epoch = "new", u.Epoch+1
	requireUser(t, w, u)

	sure := mustCreate(t, w, nil)
	tok = mustToken(t, w, sure, account.PurposeReset, func(tok *account.Token) { tok.EmailKey = "old@x.example" })
	require.NoError(t, w.UseResetToken(t.Context(), tok.Hash, "new", noon, none))
	sure.PasswordHash, sure.Epoch = "new", sure.Epoch+1
	requireUser(t, w, sure)
}

func tokenResetRaced(t *testing.T, w World) {
	for range 3 {
		u := mustCreate(t, w, nil)
		tok := mustToken(t, w, u, account.PurposeReset, nil)
		won := 0
		for _, err := range inParallel(50, func(int) error { return w.UseResetToken(t.Context(), tok.Hash, newUUID(), noon, none) }) {
			if err == nil {
				won++
				continue
			}
			require.ErrorIs(t, err, account.ErrNotFound)
		}
		require.Equal(t, 1, won)
		got, err := w.UserByID(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, u.Epoch+1, got.Epoch)
	}
}

// tokenDeleteRaced: a token and its user are locked in one order.
func tokenDeleteRaced(t *testing.T, w World) {
	for range rounds / 2 {
		u := mustCreate(t, w, nil)
		reset, verify := mustToken(t, w, u, account.PurposeReset, nil), mustToken(t, w, u, account.PurposeVerify, nil)
		errs := inParallel(3, func(i int) error {
			switch i {
			case 0:
				return w.DeleteUser(t.Context(), u.ID, noon, none)
			case 1:
				return w.UseResetToken(t.Context(), reset.Hash, "new", noon, none)
			default:
				return w.UseEmailToken(t.Context(), verify.Hash, noon, none)
			}
		})
		require.NoError(t, errs[0])
		for _, err := range errs[1:] {
			if err != nil {
				require.ErrorIs(t, err, account.ErrNotFound)
			}
		}
	}
}

func tokenUserDeleted(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	tok := mustToken(t, w, u, account.PurposeReset, nil)
	require.NoError(t, w.DeleteUser(t.Context(), u.ID, noon, none))
	requireNoToken(t, w, tok.Hash, noon)
	require.NoError(t, w.CreateUser(t.Context(), u, none))
	requireNoToken(t, w, tok.Hash, noon)
}

func tokenPurge(t *testing.T, w World) {
	for i := range 7 {
		mustToken(t, w, mustCreate(t, w, nil), account.PurposeReset, func(tok *account.Token) {
			tok.ExpiresAt = noon.Add(-time.Duration(i+1) * time.Second)
		})
	}
	u := mustCreate(t, w, nil)
	border := mustToken(t, w, u, account.PurposeVerify, func(tok *account.Token) { tok.ExpiresAt = noon })
	requireBatches(t, func(limit int) (int, error) { return w.PurgeTokens(t.Context(), noon, limit) })
	_, _, err := w.TokenByHash(t.Context(), border.Hash, noon.Add(-time.Second))
	require.NoError(t, err, "the one at the border is still there")
}
