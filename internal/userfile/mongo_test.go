package userfile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
)

const (
	bcryptHash = "$2b$12$abcdefghijklmnopqrstuuJ9QzJ0b3bTq8S0vZ1c7V5l9aQyH0o2K"
	argon2Hash = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo"
	oid        = "62d5b0bd9b8a7c0f4a4e8b11"
	oidUUID    = "a5618a37-e9a9-5595-bda4-9de9a23af3bb" // uuid.uuid5(uuid.NAMESPACE_OID, oid) in Python
)

// mongoCase is a line and the record in it, or the error.
type mongoCase struct {
	name, text     string
	record         account.Record
	fault, pointer string
}

func testMongo(t *testing.T, format Format, cases []mongoCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			all := readAll(t, c.text+"\n"+`{"email":"next@example.org"}`, format)
			require.Len(t, all, 2)
			require.Equal(t, account.Record{Email: "next@example.org"}, all[1].record)
			require.Equal(t, c.pointer, all[0].pointer)
			if c.fault != "" {
				require.Contains(t, all[0].fault, c.fault)
				return
			}
			require.Empty(t, all[0].fault)
			require.Equal(t, c.record, all[0].record)
		})
	}
}

func TestReadCodevoWeb(t *testing.T) {
	t.Parallel()
	at := time.Date(2022, 7, 18, 19, 11, 9, 123e6, time.UTC)
	testMongo(t, CodevoWeb, []mongoCase{
		{
			name: "relaxed", text: `{"_id":{"$oid":"` + oid + `"},"name":"Ann A.","email":"ann@example.org","photo":"https://example.org/a.png","password":"` + bcryptHash +
				`","role":"admin","verified":true,"verification_code":null,"provider":"local","created_at":{"$date":"2022-07-18T19:11:09.123Z"},"updated_at":{"$date":"2022-07-18T19:11:09.123Z"}}`,
			record: account.Record{ID: oidUUID, Name: "Ann A.", Email: "ann@example.org", Picture: "https://example.org/a.png", PasswordHash: bcryptHash,
				Roles: []string{account.RoleAdmin}, EmailVerified: true, CreatedAt: at, UpdatedAt: at},
		},
		{
			name: "canonical", text: `{"_id":{"$oid":"` + oid + `"},"email":"ann@example.org","role":"moderator","verified":false,"createdAt":{"$date":{"$numberLong":"1658171469123"}},"updatedAt":{"$date":1658171469123},"__v":{"$numberInt":"0"}}`,
			record: account.Record{ID: oidUUID, Email: "ann@example.org", Roles: []string{account.RoleModerator}, CreatedAt: at, UpdatedAt: at},
		},
		{
			name: "dates in strings", text: `{"email":"ann@example.org","created_at":"2022-07-18T21:11:09.123+02:00","updated_at":"2022-07-18T19:11:09.123","role":"user"}`,
			record: account.Record{Email: "ann@example.org", Roles: []string{account.RoleUser}, CreatedAt: at, UpdatedAt: at},
		},
		{name: "a file for a photo", text: `{"email":"ann@example.org","photo":"default.png"}`, record: account.Record{Email: "ann@example.org"}},
		{name: "a script for a photo", text: `{"email":"ann@example.org","photo":"javascript:alert(1)"}`, record: account.Record{Email: "ann@example.org"}},
		{name: "nulls", text: `{"email":"ann@example.org","name":null,"role":null,"password":null,"created_at":null}`, record: account.Record{Email: "ann@example.org"}},
		{name: "unknown role", text: `{"email":"ann@example.org","role":"root"}`, fault: "expected admin, moderator or user", pointer: "/role"},
		{name: "list of roles", text: `{"email":"ann@example.org","role":["admin"]}`, fault: "expected admin", pointer: "/role"},
		{name: "number for a name", text: `{"name":{"$numberInt":"1"}}`, fault: "expected a string", pointer: "/name"},
		{name: "text for truth", text: `{"verified":"true"}`, fault: "expected true or false", pointer: "/verified"},
		{name: "no date", text: `{"created_at":{"$date":"yesterday"}}`, fault: "expected a date", pointer: "/created_at"},
		{name: "a date with more in it", text: `{"created_at":{"$date":1,"$oid":1}}`, fault: "expected a date", pointer: "/created_at"},
		{name: "an object for a number", text: `{"created_at":{"$date":{"$numberLong":1}}}`, fault: "expected a date", pointer: "/created_at"},
		{name: "no ObjectId", text: `{"_id":{"$oid":"17"}}`, fault: "expected an ObjectId", pointer: "/_id"},
		{name: "duplicate", text: `{"role":"user","role":"admin"}`, fault: "duplicate", pointer: "/role"},
		{name: "a JSON array", text: `[{"email":"ann@example.org"}]`, fault: "not a JSON object"},
	})
}

func TestReadFastAPIUsers(t *testing.T) {
	t.Parallel()
	yes := true
	testMongo(t, FastAPIUsers, []mongoCase{
		{
			name: "Beanie", text: `{"_id":{"$oid":"` + oid + `"},"email":"ann@example.org","hashed_password":"` + argon2Hash + `","is_active":true,"is_superuser":false,"is_verified":true,"first_name":"Ann"}`,
			record: account.Record{ID: oidUUID, Email: "ann@example.org", PasswordHash: argon2Hash, Active: &yes, EmailVerified: true},
		},
		{
			name: "superuser, disabled", text: `{"_id":{"$oid":"` + oid + `"},"email":"ann@example.org","hashed_password":"` + bcryptHash + `","is_active":false,"is_superuser":true,"is_verified":false}`,
			record: account.Record{ID: oidUUID, Email: "ann@example.org", PasswordHash: bcryptHash, Active: no(), Roles: []string{account.RoleAdmin, account.RoleUser}},
		},
		{name: "UUID and ObjectId", text: `{"id":"` + someID + `","_id":{"$oid":"` + oid + `"},"email":"a@b"}`, record: account.Record{ID: someID, Email: "a@b"}},
		{name: "$uuid", text: `{"_id":{"$uuid":"` + someID + `"}}`, record: account.Record{ID: someID}},
		{name: "binary", text: `{"_id":{"$oid":"` + oid + `"},"id":{"$binary":{"base64":"bxwrngpNTleKNi+afy0cEQ==","subType":"04"}}}`, record: account.Record{ID: someID}},
		{name: "legacy binary", text: `{"id":{"$binary":{"base64":"bxwrngpNTleKNi+afy0cEQ==","subType":"03"}}}`, record: account.Record{ID: someID}},
		{name: "other binary", text: `{"id":{"$binary":{"base64":"bxwrngpNTleKNi+afy0cEQ==","subType":"00"}}}`, fault: "expected a UUID", pointer: "/id"},
		{name: "short binary", text: `{"id":{"$binary":{"base64":"bxwr","subType":"04"}}}`, fault: "expected a UUID", pointer: "/id"},
		{name: "no base64", text: `{"id":{"$binary":{"base64":"?","subType":"04"}}}`, fault: "expected a UUID", pointer: "/id"},
		{name: "a number for an id", text: `{"id":17}`, fault: "expected a UUID", pointer: "/id"},
		{name: "text for truth", text: `{"is_superuser":"false"}`, fault: "expected true or false", pointer: "/is_superuser"},
		{name: "number for a hash", text: `{"hashed_password":1}`, fault: "expected a string", pointer: "/hashed_password"},
		{name: "half", text: `{"email":`, fault: "not a JSON object"},
	})
}
