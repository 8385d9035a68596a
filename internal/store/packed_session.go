package store

import (
	"encoding/binary"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// PackedSession is a SessionAndUser in one text. It takes less memory, and has no pointers for the garbage
// collector to follow. It is only for memory: another version of the program may write it in another way.
type PackedSession string

// Clone returns the text itself, which cannot change.
func (p PackedSession) Clone() PackedSession { return p }

// Pack returns s in one text. Times are kept to the microsecond.
func (s SessionAndUser) Pack() PackedSession {
	p := make(packer, 0, 512)
	s.visit(&p)
	return PackedSession(p)
}

// Unpack returns what was packed. It shares no memory that can be changed with another call.
func (p PackedSession) Unpack() SessionAndUser {
	var s SessionAndUser
	if p != "" {
		s.visit((*unpacker)(&p))
	}
	return s
}

// ID returns the id of the session.
func (p PackedSession) ID() (id string) {
	(*unpacker)(&p).text(&id)
	return id
}

// PackedUser is a user in one text, like PackedSession.
type PackedUser string

// Clone returns the text itself, which cannot change.
func (p PackedUser) Clone() PackedUser { return p }

// PackUser returns a user in one text. Times are kept to the microsecond.
func PackUser(u account.User) PackedUser {
	p := make(packer, 0, 384)
	visitUser(&u, &p)
	return PackedUser(p)
}

// Unpack returns what was packed. It shares no memory that can be changed with another call.
func (p PackedUser) Unpack() account.User {
	var u account.User
	if p != "" {
		visitUser(&u, (*unpacker)(&p))
	}
	return u
}

// visit visits all fields in the order of the text. The id of the session is the first.
func (s *SessionAndUser) visit(v visitor) {
	visitSession(&s.Session, v)
	visitUser(&s.User, v)
}

func visitSession(s *oauth.Session, v visitor) {
	for _, text := range []*string{&s.ID, &s.UserID, &s.ClientID, &s.Address, &s.UserAgent, &s.RevokedReason} {
		v.text(text)
	}
	for _, number := range []*int64{&s.UserEpoch, &s.Counter} {
		v.number(number)
	}
	for _, t := range []*time.Time{&s.RotatedAt, &s.CreatedAt, &s.LastUsedAt, &s.IdleUntil, &s.AbsoluteUntil, &s.RevokedAt} {
		v.time(t)
	}
	v.list(&s.Scopes)
	v.bytes(&s.FamilyID)
	v.int(&s.Repeats)
}

func visitUser(u *account.User, v visitor) {
	for _, text := range []*string{&u.ID, &u.Username, &u.UsernameKey, &u.Email, &u.EmailKey, &u.Name, &u.Picture, &u.PasswordHash} {
		v.text(text)
	}
	for _, t := range []*time.Time{&u.DisabledUntil, &u.CreatedAt, &u.UpdatedAt} {
		v.time(t)
	}
	v.list(&u.Roles)
	v.list(&u.Scopes)
	v.number(&u.Epoch)
	v.flag(&u.EmailVerified)
	v.flag(&u.Active)
}

// visitor writes or reads fields.
type visitor interface {
	text(v *string)
	bytes(v *[]byte)
	list(v *[]string)
	number(v *int64)
	int(v *int)
	flag(v *bool)
	time(v *time.Time)
}

// packer is a visitor that writes to the end of a text.
type packer []byte

func (p *packer) length(n int)    { *p = binary.AppendUvarint(*p, uint64(n)) }
func (p *packer) text(v *string)  { p.length(len(*v)); *p = append(*p, *v...) }
func (p *packer) number(v *int64) { *p = binary.AppendVarint(*p, *v) }
func (p *packer) int(v *int)      { *p = binary.AppendVarint(*p, int64(*v)) }
func (p *packer) time(v *time.Time) {
	*p = binary.AppendVarint(*p, v.UnixMicro())
}

func (p *packer) flag(v *bool) {
	b := byte(0)
	if *v {
		b = 1
	}
	*p = append(*p, b)
}

// bytes writes one more than the length, so that nil stays nil.
func (p *packer) bytes(v *[]byte) {
	if *v == nil {
		p.length(0)
		return
	}
	p.length(len(*v) + 1)
	*p = append(*p, *v...)
}

// list writes one more than the length, as bytes does.
func (p *packer) list(v *[]string) {
	if *v == nil {
		p.length(0)
		return
	}
	p.length(len(*v) + 1)
	for i := range *v {
		p.text(&(*v)[i])
	}
}

// unpacker is a visitor that reads from the beginning of a text. Texts that it reads are parts of that text.
type unpacker PackedSession

func (u *unpacker) uvarint() (n uint64) {
	for shift := 0; ; shift += 7 {
		b := (*u)[0]
		*u = (*u)[1:]
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
}

func (u *unpacker) length() int { return int(u.uvarint()) }

// varint reads what binary.AppendVarint has written.
func (u *unpacker) varint() int64 {
	n := u.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

func (u *unpacker) part(n int) string {
	part := (*u)[:n]
	*u = (*u)[n:]
	return string(part)
}

func (u *unpacker) text(v *string)    { *v = u.part(u.length()) }
func (u *unpacker) number(v *int64)   { *v = u.varint() }
func (u *unpacker) int(v *int)        { *v = int(u.varint()) }
func (u *unpacker) flag(v *bool)      { *v = u.part(1) == "\x01" }
func (u *unpacker) time(v *time.Time) { *v = time.UnixMicro(u.varint()).UTC() }

func (u *unpacker) bytes(v *[]byte) {
	if n := u.length(); n > 0 {
		*v = []byte(u.part(n - 1))
	}
}

func (u *unpacker) list(v *[]string) {
	n := u.length()
	if n == 0 {
		return
	}
	*v = make([]string, n-1)
	for i := range *v {
		u.text(&(*v)[i])
	}
}
