package store

import "unicode/utf8"

// PrefixEnd returns the first text after all those that begin with prefix, or the empty text if there
// is none. Both engines compare UTF-8 by bytes, which is the order of the code points.
func PrefixEnd(prefix string) string {
	for len(prefix) > 0 {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch last {
		case utf8.MaxRune:
			continue
		case 0xD7FF: // the next code points are surrogates, which UTF-8 cannot hold
			return prefix + "\uE000"
		}
		return prefix + string(last+1)
	}
	return ""
}
