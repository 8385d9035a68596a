package userfile

import (
	"encoding/json"
	"net/url"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// codevoWebRoles are the roles of CodevoWeb's tutorials. A user has one of them.
var codevoWebRoles = map[string]string{"user": account.RoleUser, "moderator": account.RoleModerator, "admin": account.RoleAdmin}

// codevoWebFields are the fields of its collection users. The versions in other languages write the
// times in camel case.
var codevoWebFields = map[string]mongoField{
	"_id":        {"an ObjectId", mongoID},
	"name":       mongoText(func(r *account.Record) *string { return &r.Name }),
	"email":      mongoText(func(r *account.Record) *string { return &r.Email }),
	"photo":      {"a string", codevoWebPhoto},
	"password":   mongoText(func(r *account.Record) *string { return &r.PasswordHash }),
	"role":       {"admin, moderator or user", codevoWebRole},
	"verified":   mongoBool(func(r *account.Record, verified bool) { r.EmailVerified = verified }),
	"created_at": mongoTime(func(r *account.Record) *time.Time { return &r.CreatedAt }),
	"updated_at": mongoTime(func(r *account.Record) *time.Time { return &r.UpdatedAt }),
	"createdAt":  mongoTime(func(r *account.Record) *time.Time { return &r.CreatedAt }),
	"updatedAt":  mongoTime(func(r *account.Record) *time.Time { return &r.UpdatedAt }),
}

// recordFromCodevoWeb parses a user of CodevoWeb's tutorials. Users have no username there.
func recordFromCodevoWeb(line []byte) (account.Record, error) {
	return recordFromMongo(line, codevoWebFields)
}

func codevoWebRole(r *account.Record, value json.RawMessage) bool {
	var name string
	if json.Unmarshal(value, &name) != nil || codevoWebRoles[name] == "" {
		return false
	}
	r.Roles = []string{codevoWebRoles[name]}
	return true
}

// codevoWebPhoto reads a URL. Anything else, such as default.png, is a file name of the front end, and
// no picture anywhere else.
func codevoWebPhoto(r *account.Record, value json.RawMessage) bool {
	var photo string
	if json.Unmarshal(value, &photo) != nil {
		return false
	}
	if u, err := url.Parse(photo); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		r.Picture = photo
	}
	return true
}
