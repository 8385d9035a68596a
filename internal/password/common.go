package password

import (
	_ "embed" // for the list
	"slices"
	"strings"
	"sync"
)

// commonText is sorted bytewise, in lower case, a password a line; NOTICE says where it is from.
//
//go:embed common.txt
var commonText string

// commonList splits the text when it is first asked for.
var commonList = sync.OnceValue(func() []string {
	return strings.Split(strings.TrimSuffix(commonText, "\n"), "\n")
})

// Common says whether everybody tries this password first, in whatever case.
func (*Hasher) Common(password string) bool {
	_, found := slices.BinarySearch(commonList(), strings.ToLower(password))
	return found
}
