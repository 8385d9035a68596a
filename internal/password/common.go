package password

import (
	_ "embed" // for the list
	"slices"
	"strings"
	"sync"
)

// commonText is the list of common passwords, in lower case, one a line, sorted bytewise. Its sources are
// in NOTICE.
//
//go:embed common.txt
var commonText string

// commonList splits the list when it is first needed.
var commonList = sync.OnceValue(func() []string {
	return strings.Split(strings.TrimSuffix(commonText, "\n"), "\n")
})

// Common reports whether a password is one of the most common ones, ignoring case.
func (*Hasher) Common(password string) bool {
	_, found := slices.BinarySearch(commonList(), strings.ToLower(password))
	return found
}
