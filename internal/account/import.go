package account

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

// importBatch is how many users are stored in one act.
const importBatch = 500

// ErrExists says of a record that its user is here already, by the same name and address. So an
// import that was interrupted is run again as it is.
var ErrExists = errors.New("this user has an account already")

// Import stores users that were written down elsewhere, in batches of one act each, and gives for
// each record nil, ErrExists, or what is wrong with it: an Error with a pointer. A dry run stores
// nothing, and tells all the same but that two of the records are at odds with each other.
//
// An error of its own ends the import: the store cannot be reached, or ctx has ended. The batches
// before it are stored then, and its faults are those of the records that were looked at.
func (s *Service) Import(ctx context.Context, records []Record, dryRun bool) ([]error, error) {
	faults := make([]error, 0, len(records))
	for batch := range slices.Chunk(records, importBatch) {
		some, err := s.importBatch(ctx, batch, dryRun)
		if err != nil {
			return faults, err
		}
		faults = append(faults, some...)
	}
	return faults, nil
}

func (s *Service) importBatch(ctx context.Context, batch []Record, dryRun bool) ([]error, error) {
	faults := make([]error, len(batch))
	var users []User
	var places []int // of the users in the batch
	for i, r := range batch {
		u, err := s.prepareRecord(ctx, r, dryRun)
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
	event := audit.New(ctx, NewOrderedID(s.now()), s.second(), audit.UserImported, fmt.Sprintf("up to %d users", len(users)), "")
	results, err := s.store.ImportUsers(ctx, users, audit.Note{Event: event})
	if err != nil {
		return nil, err
	}
	for i, result := range results {
		if result, err = s.explain(ctx, users[i], result); err != nil {
			return nil, err
		}
		faults[places[i]] = result
	}
	return faults, nil
}

// prepareRecord makes the user of a record, cheap checks first. Who is there already is asked
// beforehand only where the store would tell too late or not at all.
func (s *Service) prepareRecord(ctx context.Context, r Record, dryRun bool) (User, error) {
	u, err := s.recordUser(r)
	if err != nil {
		return User{}, err
	}
	switch {
	case dryRun || r.Password != "": // a hash takes longer than to look
		err = s.taken(ctx, u)
	case r.ID != "":
		err = s.idTaken(ctx, u)
	}
	switch {
	case err != nil:
		return User{}, err
	case dryRun:
		err = s.rolesExist(ctx, u.Roles)
	case r.Password != "":
		u.PasswordHash, err = s.passwords.Hash(ctx, normalPassword(r.Password))
	}
	return u, err
}

// taken answers ErrExists if the user is here already, or says what somebody else has of his.
func (s *Service) taken(ctx context.Context, u User) error {
	found, err := s.store.UserByUsername(ctx, u.UsernameKey)
	if err := heldBy(found, err, u, ErrUsernameTaken); err != nil {
		return err
	}
	found, err = s.store.UserByEmail(ctx, u.EmailKey)
	if err := heldBy(found, err, u, ErrEmailTaken); err != nil {
		return err
	}
	return s.idTaken(ctx, u)
}

// idTaken is taken for the id alone.
func (s *Service) idTaken(ctx context.Context, u User) error {
	found, err := s.store.UserByID(ctx, u.ID)
	return heldBy(found, err, u, recordFault("id", "the id is taken"))
}

// heldBy says what it means for u that a store found somebody: nothing if it found nobody,
// ErrExists if it is he himself, else the fault.
func heldBy(found User, err error, u User, fault error) error {
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	case found.UsernameKey == u.UsernameKey && found.EmailKey == u.EmailKey:
		return ErrExists
	}
	return fault
}

// explain tells a user who is here already from one whose name or address is somebody else's: the
// store answers the same to both.
func (s *Service) explain(ctx context.Context, u User, result error) (fault, err error) {
	switch {
	case errors.Is(result, ErrUnknownRole):
		return ErrUnknownRole.At("/roles"), nil
	case errors.Is(result, ErrUsernameTaken), errors.Is(result, ErrEmailTaken):
		now := s.taken(ctx, u)
		if now == nil { // the other one has gone in the meantime
			return result, nil
		}
		if !isFault(now) {
			return nil, now
		}
		return now, nil
	}
	return result, nil
}

func (s *Service) rolesExist(ctx context.Context, names []string) error {
	for _, name := range names {
		_, err := s.store.RoleByName(ctx, name)
		if errors.Is(err, ErrUnknownRole) {
			return ErrUnknownRole.At("/roles")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// isFault says whether an error is about one record, and not about the store or the caller.
func isFault(err error) bool {
	var known *Error
	return errors.Is(err, ErrExists) || errors.As(err, &known) && known.Code != Unavailable
}
