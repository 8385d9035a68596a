package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

var oneTimeTokenTests = tests[Accounts]{
	"stored fields":             tokenStoredFields,
	"replaced":                  tokenReplaced,
	"replaced at once":          tokenReplacedAtOnce,
	"missing token":             tokenMissing,
	"missing user":              tokenMissingUser,
	"wrong purpose":             tokenWrongPurpose,
	"expired":                   tokenExpired,
	"email":                     tokenEmail,
	"email taken":               tokenEmailTaken,
	"same email at once":        tokenSameEmail,
	"reset":                     tokenReset,
	"reset of an earlier email": tokenResetEarlierEmail,
	"reset at once":             tokenResetAtOnce,
	"reset and deletion":        tokenResetAndDeletion,
	"user deleted":              tokenUserDeleted,
	"purge":                     tokenPurge,
}

// mustPutToken stores a token for the email of a user, after edit, which may be nil. It expires one hour
// after noon.
func mustPutToken(t *testing.T, db Accounts, u account.User, purpose account.Purpose, edit func(*account.OneTimeToken)) account.OneTimeToken {
	t.Helper()
	token := account.OneTimeToken{
		Hash: randomBytes(32), Purpose: purpose, UserID: u.ID, Email: u.Email, EmailKey: u.EmailKey,
		CreatedAt: noon, ExpiresAt: noon.Add(time.Hour),
	}
	if edit != nil {
		edit(&token)
	}
	require.NoError(t, db.PutOneTimeToken(t.Context(), token))
	return token
}

func requireToken(t *testing.T, db Accounts, want account.OneTimeToken, u account.User) {
	t.Helper()
	got, user, err := db.OneTimeTokenByHash(t.Context(), want.Hash, noon)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, u, user)
}

func requireNoToken(t *testing.T, db Accounts, hash []byte, at time.Time) {
	t.Helper()
	_, _, err := db.OneTimeTokenByHash(t.Context(), hash, at)
	require.ErrorIs(t, err, fault.ErrNotFound)
}

func tokenStoredFields(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, nil)
	verify, reset := mustPutToken(t, db, u, account.PurposeVerify, nil), mustPutToken(t, db, u, account.PurposeReset, nil)
	requireNoZeroFields(t, verify)
	requireToken(t, db, verify, u)
	requireToken(t, db, reset, u)

	u = mustCreateUser(t, db, nil)
	east := mustPutToken(t, db, u, account.PurposeReset, func(token *account.OneTimeToken) {
		token.ExpiresAt = token.ExpiresAt.Add(999 * time.Millisecond).In(time.FixedZone("east", 3600))
	})
	east.ExpiresAt = noon.Add(time.Hour) // UTC in whole seconds
	requireToken(t, db, east, u)
}

func tokenReplaced(t *testing.T, db Accounts) {
	u, other := mustCreateUser(t, db, nil), mustCreateUser(t, db, nil)
	first := mustPutToken(t, db, u, account.PurposeReset, nil)
	otherPurpose, otherUser := mustPutToken(t, db, u, account.PurposeVerify, nil), mustPutToken(t, db, other, account.PurposeReset, nil)
	second := mustPutToken(t, db, u, account.PurposeReset, func(token *account.OneTimeToken) {
		token.Email, token.EmailKey = "N@x", "n@x"
		token.CreatedAt, token.ExpiresAt = noon.Add(time.Minute), noon.Add(2*time.Hour)
	})
	requireNoToken(t, db, first.Hash, noon)
	requireToken(t, db, second, u)
	requireToken(t, db, otherPurpose, u)
	requireToken(t, db, otherUser, other)
}

func tokenReplacedAtOnce(t *testing.T, db Accounts) {
	first := mustPutToken(t, db, mustCreateUser(t, db, nil), account.PurposeReset, nil)
	errs := inParallel(20, func(int) error {
		next := first
		next.Hash = randomBytes(32)
		return db.PutOneTimeToken(t.Context(), next)
	})
	require.NoError(t, errors.Join(errs...))
	requireNoToken(t, db, first.Hash, noon)
}

func tokenMissing(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, nil)
	token := mustPutToken(t, db, u, account.PurposeReset, nil)
	for _, hash := range [][]byte{nil, {}, randomBytes(32), token.Hash[:31]} {
		requireNoToken(t, db, hash, noon)
		require.ErrorIs(t, db.UseVerifyToken(t.Context(), hash, noon, noRecord), fault.ErrNotFound)
		require.ErrorIs(t, db.UseResetToken(t.Context(), hash, "new", noon, noRecord), fault.ErrNotFound)
	}
	requireToken(t, db, token, u)
}

func tokenMissingUser(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, nil)
	token := mustPutToken(t, db, u, account.PurposeReset, nil)
	for _, id := range append(otherIDs(u.ID), uuid.NewString()) {
		other := token
		other.Hash, other.UserID = randomBytes(32), id
		require.ErrorIs(t, db.PutOneTimeToken(t.Context(), other), fault.ErrNotFound, id)
		requireNoToken(t, db, other.Hash, noon)
	}
}

func tokenWrongPurpose(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, nil)
	verify, reset := mustPutToken(t, db, u, account.PurposeVerify, nil), mustPutToken(t, db, u, account.PurposeReset, nil)
	require.ErrorIs(t, db.UseVerifyToken(t.Context(), reset.Hash, noon, noRecord), fault.ErrNotFound)
	require.ErrorIs(t, db.UseResetToken(t.Context(), verify.Hash, "new", noon, noRecord), fault.ErrNotFound)
	requireToken(t, db, verify, u)
	requireToken(t, db, reset, u)
}

func tokenExpired(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, nil)
	verify, reset := mustPutToken(t, db, u, account.PurposeVerify, nil), mustPutToken(t, db, u, account.PurposeReset, nil)
	expired := verify.ExpiresAt
	requireNoToken(t, db, verify.Hash, expired)
	require.ErrorIs(t, db.UseVerifyToken(t.Context(), verify.Hash, expired, noRecord), fault.ErrNotFound)
	require.ErrorIs(t, db.UseResetToken(t.Context(), reset.Hash, "new", expired, noRecord), fault.ErrNotFound)
	requireToken(t, db, verify, u)

	lastSecond := expired.Add(-time.Second)
	_, _, err := db.OneTimeTokenByHash(t.Context(), verify.Hash, lastSecond)
	require.NoError(t, err)
	require.NoError(t, db.UseVerifyToken(t.Context(), verify.Hash, lastSecond, noRecord))
	require.NoError(t, db.UseResetToken(t.Context(), reset.Hash, "new", lastSecond, noRecord))
}

func tokenEmail(t *testing.T, db Accounts) {
	u, other := mustCreateUser(t, db, func(u *account.User) { u.EmailVerified = false }), mustCreateUser(t, db, nil)
	requireSessionUnchanged := watchSession(t, db, u)
	reset := mustPutToken(t, db, u, account.PurposeReset, nil)
	at := u.UpdatedAt.Add(time.Minute)
	for _, email := range []string{u.Email, "New@x.example"} { // the current one and a new one
		token := mustPutToken(t, db, u, account.PurposeVerify, func(token *account.OneTimeToken) {
			token.Email, token.EmailKey, token.ExpiresAt = email, "key of "+email, at.Add(time.Hour)
		})
		require.NoError(t, db.UseVerifyToken(t.Context(), token.Hash, at, noRecord))
		u.Email, u.EmailKey, u.EmailVerified, u.UpdatedAt = email, "key of "+email, true, at
		requireUser(t, db, u)
		requireNoToken(t, db, token.Hash, noon)
		require.ErrorIs(t, db.UseVerifyToken(t.Context(), token.Hash, at, noRecord), fault.ErrNotFound)
	}
	requireToken(t, db, reset, u)
	requireUser(t, db, other)
	requireSessionUnchanged()
}

func tokenEmailTaken(t *testing.T, db Accounts) {
	u, other := mustCreateUser(t, db, nil), mustCreateUser(t, db, nil)
	token := mustPutToken(t, db, u, account.PurposeVerify, func(token *account.OneTimeToken) {
		token.Email, token.EmailKey = other.Email, other.EmailKey
	})
	require.ErrorIs(t, db.UseVerifyToken(t.Context(), token.Hash, noon, noRecord), account.ErrEmailTaken)
	requireToken(t, db, token, u)
	require.NoError(t, db.DeleteUser(t.Context(), other.ID, noon, noRecord))
	require.NoError(t, db.UseVerifyToken(t.Context(), token.Hash, noon, noRecord), "the token was consumed by the failure")
}

// tokenSameEmail lets two users verify the same email at once. One of them gets it.
func tokenSameEmail(t *testing.T, db Accounts) {
	for range 20 {
		key := uuid.NewString() + "@x.example"
		var hashes [2][]byte
		for i := range hashes {
			u := mustCreateUser(t, db, nil)
			hashes[i] = mustPutToken(t, db, u, account.PurposeVerify, func(token *account.OneTimeToken) { token.EmailKey = key }).Hash
		}
		errs := inParallel(2, func(i int) error { return db.UseVerifyToken(t.Context(), hashes[i], noon, noRecord) })
		requireOneSucceeds(t, account.ErrEmailTaken, errs)
		for i, err := range errs {
			if err != nil {
				_, _, err = db.OneTimeTokenByHash(t.Context(), hashes[i], noon)
				require.NoError(t, err, "the token was consumed by the failure")
			}
		}
	}
}

func tokenReset(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, func(u *account.User) { u.EmailVerified = false })
	other := mustCreateUser(t, db, nil)
	requireOtherSessionUnchanged := watchSession(t, db, other)
	verify, reset := mustPutToken(t, db, u, account.PurposeVerify, nil), mustPutToken(t, db, u, account.PurposeReset, nil)
	later := noon.Add(time.Minute) // before UpdatedAt, which never decreases
	require.NoError(t, db.UseResetToken(t.Context(), reset.Hash, "new", later, noRecord))
	u.PasswordHash, u.Epoch, u.EmailVerified = "new", u.Epoch+1, true
	requireUser(t, db, u)
	requireUser(t, db, other)
	requireOtherSessionUnchanged()
	requireToken(t, db, verify, u)
	require.ErrorIs(t, db.UseResetToken(t.Context(), reset.Hash, "newer", later, noRecord), fault.ErrNotFound)
	requireUser(t, db, u)
}

// tokenResetEarlierEmail uses a token that was sent to an email that the user no longer has. It must not
// verify the current one, and not undo that it is verified.
func tokenResetEarlierEmail(t *testing.T, db Accounts) {
	for _, verified := range []bool{false, true} {
		u := mustCreateUser(t, db, func(u *account.User) { u.EmailVerified = verified })
		token := mustPutToken(t, db, u, account.PurposeReset, func(token *account.OneTimeToken) { token.EmailKey = "old@x.example" })
		require.NoError(t, db.UseResetToken(t.Context(), token.Hash, "new", noon, noRecord))
		u.PasswordHash, u.Epoch = "new", u.Epoch+1
		requireUser(t, db, u)
	}
}

func tokenResetAtOnce(t *testing.T, db Accounts) {
	for range 3 {
		u := mustCreateUser(t, db, nil)
		token := mustPutToken(t, db, u, account.PurposeReset, nil)
		requireOneSucceeds(t, fault.ErrNotFound, inParallel(50, func(int) error {
			return db.UseResetToken(t.Context(), token.Hash, uuid.NewString(), noon, noRecord)
		}))
		got, err := db.UserByID(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, u.Epoch+1, got.Epoch)
	}
}

// tokenResetAndDeletion deletes a user whose tokens are used at the same time. A store that locks users
// and tokens in different orders would deadlock.
func tokenResetAndDeletion(t *testing.T, db Accounts) {
	for range rounds / 2 {
		u := mustCreateUser(t, db, nil)
		reset, verify := mustPutToken(t, db, u, account.PurposeReset, nil), mustPutToken(t, db, u, account.PurposeVerify, nil)
		errs := inParallel(3, func(i int) error {
			switch i {
			case 0:
				return db.DeleteUser(t.Context(), u.ID, noon, noRecord)
			case 1:
				return db.UseResetToken(t.Context(), reset.Hash, "new", noon, noRecord)
			default:
				return db.UseVerifyToken(t.Context(), verify.Hash, noon, noRecord)
			}
		})
		require.NoError(t, errs[0])
		for _, err := range errs[1:] {
			if err != nil {
				require.ErrorIs(t, err, fault.ErrNotFound)
			}
		}
	}
}

func tokenUserDeleted(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, nil)
	token := mustPutToken(t, db, u, account.PurposeReset, nil)
	require.NoError(t, db.DeleteUser(t.Context(), u.ID, noon, noRecord))
	requireNoToken(t, db, token.Hash, noon)
	require.NoError(t, db.CreateUser(t.Context(), u, noRecord))
	requireNoToken(t, db, token.Hash, noon)
}

func tokenPurge(t *testing.T, db Accounts) {
	for i := range 7 {
		mustPutToken(t, db, mustCreateUser(t, db, nil), account.PurposeReset, func(token *account.OneTimeToken) {
			token.ExpiresAt = noon.Add(-time.Duration(i+1) * time.Second)
		})
	}
	kept := mustPutToken(t, db, mustCreateUser(t, db, nil), account.PurposeVerify, func(token *account.OneTimeToken) { token.ExpiresAt = noon })
	requireBatches(t, func(limit int) (int, error) { return db.PurgeOneTimeTokens(t.Context(), noon, limit) })
	_, _, err := db.OneTimeTokenByHash(t.Context(), kept.Hash, noon.Add(-time.Second))
	require.NoError(t, err, "a token that expires at the time of the purge was deleted")
}
