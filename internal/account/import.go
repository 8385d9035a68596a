package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// ImportBatch is the number of users that Import stores in one transaction. A file is best read in batches of as many.
const ImportBatch = 500

// Import stores users from another system in batches of one transaction each. For each record it
// returns nil, ErrRecordExists, or a fault.Error that points to the invalid field. A dry run stores
// nothing and finds the same faults, except for conflicts between two of the records.
//
// The second result ends the import: the store cannot be reached, or ctx has ended. The batches before
// it are stored then, and the faults are those of the records processed so far.
func (d *Directory) Import(ctx context.Context, records []Record, dryRun bool) ([]error, error) {
	faults := make([]error, 0, len(records))
	for batch := range slices.Chunk(records, ImportBatch) {
		some, err := d.importBatch(ctx, batch, dryRun)
		if err != nil {
			return faults, err
		}
		faults = append(faults, some...)
	}
	return faults, nil
}

// ImportAs is Import on behalf of an administrator: records with roles whose scopes the administrator may
// not pass on get insufficient_scope and are not stored. On an error it returns no results.
func (d *Directory) ImportAs(ctx context.Context, by Authority, records []Record, dryRun bool) ([]error, error) {
	roles, err := d.roles.Roles(ctx)
	if err != nil {
		return nil, err
	}
	denied := map[string]error{} // by name
	for _, role := range roles {
		denied[role.Name] = by.CanGive(role.Scopes)
	}
	faults := make([]error, len(records))
	var allowed []Record
	var places []int // of the allowed records
	for i, r := range records {
		for _, name := range r.Roles {
			faults[i] = cmp.Or(faults[i], denied[name])
		}
		if faults[i] == nil {
			allowed, places = append(allowed, r), append(places, i)
		}
	}
	results, err := d.Import(ctx, allowed, dryRun)
	if err != nil {
		return nil, err
	}
	for i, result := range results {
		faults[places[i]] = result
	}
	return faults, nil
}

func (d *Directory) importBatch(ctx context.Context, batch []Record, dryRun bool) ([]error, error) {
	faults := make([]error, len(batch))
	var users []candidate
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
	if dryRun {
		return faults, nil
	}
	results, err := d.importUsers(ctx, users)
	for i, result := range results {
		faults[places[i]] = result
	}
	return faults, err
}

// importUsers stores users in one transaction. If generated usernames are taken, it tries other ones in
// another transaction.
func (d *Directory) importUsers(ctx context.Context, users []candidate) ([]error, error) {
	results := make([]error, len(users))
	pending := make([]int, len(users)) // places of the users to store
	for i := range pending {
		pending[i] = i
	}
	for attempt := 0; len(pending) > 0 && attempt <= maxGenerated; attempt++ {
		some := make([]User, len(pending))
		for i, place := range pending {
			some[i] = users[place].User
		}
		event := audit.New(ctx, d.clock(), audit.UserImported, fmt.Sprintf("up to %d users", len(some)), "")
		stored, err := d.users.ImportUsers(ctx, some, audit.Change{Event: event})
		if err != nil {
			return nil, err
		}
		var again []int
		for i, place := range pending {
			u := &users[place]
			if results[place], err = d.explain(ctx, *u, stored[i]); err != nil {
				return nil, err
			}
			if u.generated && errors.Is(results[place], ErrUsernameTaken) {
				u.Username = generatedUsername()
				u.UsernameKey = u.Username
				again = append(again, place)
			}
		}
		pending = again
	}
	return results, nil
}

// candidate is the user of a record.
type candidate struct {
	User

	generated bool // the record has no username
}

// prepareRecord returns the user of a record, cheap checks first. Whether the user exists is queried
// beforehand only where the store would report it too late or not at all.
func (d *Directory) prepareRecord(ctx context.Context, r Record, dryRun bool) (candidate, error) {
	user, err := d.recordUser(r)
	if err != nil {
		return candidate{}, err
	}
	u := candidate{user, r.Username == ""}
	switch {
	case dryRun || r.Password != "": // hashing takes longer than a query
		err = d.taken(ctx, u)
	case r.ID != "":
		err = d.idTaken(ctx, u)
	}
	switch {
	case err != nil:
		return candidate{}, err
	case dryRun:
		err = d.rolesExist(ctx, u.Roles)
	case r.Password != "":
		u.PasswordHash, err = d.passwords.Hash(ctx, normalPassword(r.Password))
	}
	return u, err
}

// taken returns ErrRecordExists if the user exists, or an error if another user has its username,
// email address or id. The email address of a generated username comes first: it identifies the user.
func (d *Directory) taken(ctx context.Context, u candidate) error {
	byUsername := func() error {
		found, err := d.users.UserByUsername(ctx, u.UsernameKey)
		return heldBy(found, err, u, ErrUsernameTaken)
	}
	byEmail := func() error {
		found, err := d.users.UserByEmail(ctx, u.EmailKey)
		return heldBy(found, err, u, ErrEmailTaken)
	}
	byID := func() error { return d.idTaken(ctx, u) }
	checks := []func() error{byUsername, byEmail, byID}
	if u.generated {
		checks = []func() error{byID, byEmail, byUsername}
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// idTaken is taken for the id only.
func (d *Directory) idTaken(ctx context.Context, u candidate) error {
	found, err := d.users.UserByID(ctx, u.ID)
	return heldBy(found, err, u, invalidField("id", "this id is taken"))
}

// heldBy interprets a lookup for u: nil if it found no user, ErrRecordExists if it found u itself,
// otherwise conflict.
func heldBy(found User, err error, u candidate, conflict error) error {
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return nil
	case err != nil:
		return err
	case found.UsernameKey == u.UsernameKey && found.EmailKey == u.EmailKey,
		u.generated && (found.ID == u.ID || found.EmailKey == u.EmailKey):
		return ErrRecordExists
	}
	return conflict
}

// explain distinguishes a user who exists from one whose username or email address belongs to another
// user: the store returns the same error for both.
func (d *Directory) explain(ctx context.Context, u candidate, result error) (invalid, err error) {
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
