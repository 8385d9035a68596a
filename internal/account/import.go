package account

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// importBatch is the number of users stored in one transaction.
const importBatch = 500

// Import stores users from another system in batches of one transaction each. For each record it
// returns nil, ErrRecordExists, or a fault.Error that points to the invalid field. A dry run stores
// nothing and finds the same faults, except for conflicts between two of the records.
//
// The second result ends the import: the store cannot be reached, or ctx has ended. The batches before
// it are stored then, and the faults are those of the records processed so far.
func (d *Directory) Import(ctx context.Context, records []Record, dryRun bool) ([]error, error) {
	faults := make([]error, 0, len(records))
	for batch := range slices.Chunk(records, importBatch) {
		some, err := d.importBatch(ctx, batch, dryRun)
		if err != nil {
			return faults, err
		}
		faults = append(faults, some...)
	}
	return faults, nil
}

func (d *Directory) importBatch(ctx context.Context, batch []Record, dryRun bool) ([]error, error) {
	faults := make([]error, len(batch))
	var users []User
	var places []int // of the users in the batch
	for i, r := range batch {
		u, err := d.prepareRecord(ctx, r, dryRun)
		switch {
		case err == nil:
			users, places = append(users, u), append(places, i)
		case !isFault(err):
			return nil, err
		}
		faults[i] = err
	}
	if dryRun || len(users) == 0 {
		return faults, nil
	}
	event := audit.New(ctx, d.clock(), audit.UserImported, fmt.Sprintf("up to %d users", len(users)), "")
	results, err := d.users.ImportUsers(ctx, users, audit.Change{Event: event})
	if err != nil {
		return nil, err
	}
	for i, result := range results {
		if result, err = d.explain(ctx, users[i], result); err != nil {
			return nil, err
		}
		faults[places[i]] = result
	}
	return faults, nil
}

// prepareRecord returns the user of a record, cheap checks first. Whether the user exists is queried
// beforehand only where the store would report it too late or not at all.
func (d *Directory) prepareRecord(ctx context.Context, r Record, dryRun bool) (User, error) {
	u, err := d.recordUser(r)
	if err != nil {
		return User{}, err
	}
	switch {
	case dryRun || r.Password != "": // hashing takes longer than a query
		err = d.taken(ctx, u)
	case r.ID != "":
		err = d.idTaken(ctx, u)
	}
	switch {
	case err != nil:
		return User{}, err
	case dryRun:
		err = d.rolesExist(ctx, u.Roles)
	case r.Password != "":
		u.PasswordHash, err = d.passwords.Hash(ctx, normalPassword(r.Password))
	}
	return u, err
}

// taken returns ErrRecordExists if the user exists, or an error if another user has its username,
// email address or id.
func (d *Directory) taken(ctx context.Context, u User) error {
	found, err := d.users.UserByUsername(ctx, u.UsernameKey)
	if err := heldBy(found, err, u, ErrUsernameTaken); err != nil {
		return err
	}
	found, err = d.users.UserByEmail(ctx, u.EmailKey)
	if err := heldBy(found, err, u, ErrEmailTaken); err != nil {
		return err
	}
	return d.idTaken(ctx, u)
}

// idTaken is taken for the id only.
func (d *Directory) idTaken(ctx context.Context, u User) error {
	found, err := d.users.UserByID(ctx, u.ID)
	return heldBy(found, err, u, invalidField("id", "this id is taken"))
}

// heldBy interprets a lookup for u: nil if it found no user, ErrRecordExists if it found u itself,
// otherwise conflict.
func heldBy(found User, err error, u User, conflict error) error {
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return nil
	case err != nil:
		return err
	case found.UsernameKey == u.UsernameKey && found.EmailKey == u.EmailKey:
		return ErrRecordExists
	}
	return conflict
}

// explain distinguishes a user who exists from one whose username or email address belongs to another
// user: the store returns the same error for both.
func (d *Directory) explain(ctx context.Context, u User, result error) (invalid, err error) {
	switch {
	case errors.Is(result, ErrUnknownRole):
		return ErrUnknownRole.At("/roles"), nil
	case errors.Is(result, ErrUsernameTaken), errors.Is(result, ErrEmailTaken):
		now := d.taken(ctx, u)
		if now == nil { // the other user was deleted in the meantime
			return result, nil
		}
		if !isFault(now) {
			return nil, now
		}
		return now, nil
	}
	return result, nil
}

func (d *Directory) rolesExist(ctx context.Context, names []string) error {
	for _, name := range names {
		_, err := d.roles.RoleByName(ctx, name)
		if errors.Is(err, ErrUnknownRole) {
			return ErrUnknownRole.At("/roles")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// isFault reports whether an error is about one record rather than the store or the caller.
func isFault(err error) bool {
	var known *fault.Error
	return errors.Is(err, ErrRecordExists) || errors.As(err, &known) && known.Code != fault.Unavailable
}
