package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store/postgres"
)

// adoption is one run of the adopt command.
type adoption struct {
	source, target *postgres.Store
	tables         postgres.Tutorial
	roles          []postgres.TutorialRole
	std            stdio
	minPassword    int
}

// adoptReport counts users.
type adoptReport struct {
	std                    stdio
	adopted, known, failed int
}

// finish prints the totals. It returns an error if any user failed.
func (r *adoptReport) finish(verb string) error {
	_, err := fmt.Fprintf(r.std.out, "%d %s, %d already adopted, %d failed\n", r.adopted, verb, r.known, r.failed)
	if err == nil && r.failed > 0 {
		err = fmt.Errorf("%d of %s failed", r.failed, count(r.adopted+r.known+r.failed, "user"))
	}
	return err
}

// show prints what was found and what is going to happen.
func (a *adoption) show(ctx context.Context) (err error) {
	users, err := a.source.CountTutorialUsers(ctx, a.tables)
	if err != nil {
		return err
	}
	if a.roles, err = a.source.TutorialRoles(ctx, a.tables); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.std.out, "found %s and %s in schema %s of database %s\n",
		count(int(users), "user"), count(len(a.roles), "role"), a.tables.Schema, a.tables.Database)
	if err == nil && a.tables.InPlace && a.tables.Prefix == "" {
		_, err = fmt.Fprintf(a.std.out, "tables to rename: users, roles and users_to_roles get the prefix %s\n", postgres.TutorialPrefix)
	}
	for _, role := range a.roles {
		if err == nil {
			_, err = fmt.Fprintf(a.std.out, "role %q becomes %q: %s\n", role.Name, adoptedRole(role.Name), count(int(role.Users), "user"))
		}
	}
	return err
}

// check tries everything without storing it, and reports the users who would fail.
func (a *adoption) check(ctx context.Context) (adoptReport, error) {
	migrated, err := a.target.HasAccounts(ctx)
	if err != nil {
		return adoptReport{}, err
	}
	accounts, err := openDirectory(newAdoptPlan(a.target, migrated), a.minPassword, newTextLog(a.std.err))
	if err != nil {
		return adoptReport{}, err
	}
	return a.each(ctx, accounts, false)
}

// store creates Latchkey's tables, the roles and the users. Each step finds what an earlier run has done.
func (a *adoption) store(ctx context.Context) (adoptReport, error) {
	if err := a.target.PrepareAdoption(ctx, &a.tables); err != nil {
		return adoptReport{}, err
	}
	accounts, err := openDirectory(a.target, a.minPassword, newTextLog(a.std.err))
	if err != nil {
		return adoptReport{}, err
	}
	for _, role := range a.roles {
		name := adoptedRole(role.Name)
		_, err := accounts.Role(ctx, name)
		if errors.Is(err, account.ErrUnknownRole) {
			_, err = accounts.PutRole(ctx, oauth.Operator, name, nil)
		}
		// The users of a role without a valid name are reported.
		if err != nil && !errors.Is(err, fault.Errorf(account.InvalidRole, "")) {
			return adoptReport{}, err
		}
	}
	return a.each(ctx, accounts, true)
}

// each imports the users page by page. Their new ids are stored before them, so that a run after an
// interruption can tell the users of this command from others with the same name.
func (a *adoption) each(ctx context.Context, accounts *account.Directory, store bool) (adoptReport, error) {
	report := adoptReport{std: a.std}
	after := int64(math.MinInt64)
	for {
		users, err := a.source.TutorialUsers(ctx, a.tables, after, account.ImportBatch)
		if err != nil || len(users) == 0 {
			return report, err
		}
		after = users[len(users)-1].ID
		if err := a.page(ctx, accounts, users, store, &report); err != nil {
			return report, err
		}
	}
}

func (a *adoption) page(ctx context.Context, accounts *account.Directory, users []postgres.TutorialUser, store bool, report *adoptReport) error {
	ids, err := a.ids(ctx, users, store)
	if err != nil {
		return err
	}
	var oldIDs, adopted, failed []int64
	var records []account.Record
	for _, u := range users {
		if ids[u.ID].Done {
			report.known++
			continue
		}
		oldIDs, records = append(oldIDs, u.ID), append(records, adoptedRecord(u, ids[u.ID].ID))
	}
	results, err := accounts.Import(ctx, records, false)
	if err != nil {
		return err
	}
	for i, result := range results {
		if errors.Is(result, account.ErrRecordExists) {
			if result, err = ownRecord(ctx, accounts, records[i].ID); err != nil {
				return err
			}
		}
		if result == nil {
			adopted = append(adopted, oldIDs[i])
			continue
		}
		failed = append(failed, oldIDs[i])
		if _, err := fmt.Fprintf(a.std.err, "user %d: %s\n", oldIDs[i], printable(lineError(result))); err != nil {
			return err
		}
	}
	report.adopted, report.failed = report.adopted+len(adopted), report.failed+len(failed)
	if !store || len(records) == 0 {
		return nil
	}
	return a.target.FinishAdoptions(ctx, a.tables, adopted, failed)
}

// ids returns the new id of each user, and whether the user has been adopted. It stores new ids if
// store is true.
func (a *adoption) ids(ctx context.Context, users []postgres.TutorialUser, store bool) (map[int64]postgres.AdoptedUser, error) {
	oldIDs, ids := make([]int64, len(users)), map[int64]postgres.AdoptedUser{}
	for i, u := range users {
		oldIDs[i], ids[u.ID] = u.ID, postgres.AdoptedUser{ID: uuid.NewString()}
	}
	if store {
		if err := a.target.ReserveAdoptions(ctx, a.tables, oldIDs); err != nil {
			return nil, err
		}
	}
	known, err := a.target.Adoptions(ctx, a.tables, oldIDs)
	for _, k := range known {
		ids[k.OldID] = k
	}
	return ids, err
}

// ownRecord tells why a user exists already: an interrupted run has stored it, which is no problem, or it
// is somebody else's account.
func ownRecord(ctx context.Context, accounts *account.Directory, id string) (problem, err error) {
	_, err = accounts.ByID(ctx, id)
	if errors.Is(err, fault.ErrNotFound) {
		return errors.New("another user has this username and email address"), nil
	}
	return nil, err
}

func adoptedRecord(u postgres.TutorialUser, id string) account.Record {
	r := account.Record{ID: id, Username: u.Username, Email: u.Email, PasswordHash: u.Password, Roles: []string{}}
	for _, role := range u.Roles {
		r.Roles = append(r.Roles, adoptedRole(role))
	}
	return r
}

// adoptedRole returns the name of a role in Latchkey: editor becomes ROLE_EDITOR. A name with other
// letters than A to Z stays as it is, and is reported as unknown with each user who has it.
func adoptedRole(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return r > '~' }) {
		return name
	}
	upper := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
	return "ROLE_" + strings.TrimPrefix(upper, "ROLE_")
}
