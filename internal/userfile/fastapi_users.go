package userfile

import "github.com/latchkey-auth/latchkey/internal/account"

// fastAPIUsersFields are the fields that the library fastapi-users stores in MongoDB. With Beanie the id
// is an ObjectId in _id; older versions have a UUID in id, and an ObjectId in _id that means nothing.
var fastAPIUsersFields = map[string]mongoField{
	"_id":             {"an ObjectId or a UUID", mongoID},
	"email":           mongoText(func(r *account.Record) *string { return &r.Email }),
	"hashed_password": mongoText(func(r *account.Record) *string { return &r.PasswordHash }),
	"is_active":       mongoBool(func(r *account.Record, active bool) { r.Active = &active }),
	"is_verified":     mongoBool(func(r *account.Record, verified bool) { r.EmailVerified = verified }),
	"is_superuser": mongoBool(func(r *account.Record, superuser bool) {
		if superuser {
			r.Roles = []string{account.RoleAdmin, account.RoleUser}
		}
	}),
}

// fastAPIUsersID is the field id. It counts more than _id.
var fastAPIUsersID = map[string]mongoField{"id": {"a UUID", mongoID}}

// recordFromFastAPIUsers parses a user of fastapi-users. Users have no username there.
func recordFromFastAPIUsers(line []byte) (account.Record, error) {
	r, err := recordFromMongo(line, fastAPIUsersFields)
	if err != nil {
		return account.Record{}, err
	}
	own, err := recordFromMongo(line, fastAPIUsersID)
	if own.ID != "" {
		r.ID = own.ID
	}
	return r, err
}
