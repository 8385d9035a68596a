package httpapi

import "time"

// value returns what p points to, or the zero value if p is nil.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// optional returns a pointer to v, or nil for the zero value, which JSON then omits.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// optionalList returns a pointer to the list, or nil for an empty one, which JSON then omits.
func optionalList(list []string) *[]string {
	if len(list) == 0 {
		return nil
	}
	return &list
}

// nonNil returns the list, or an empty one instead of nil, which JSON would encode as null.
func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// seconds returns a duration in whole seconds.
func seconds(d time.Duration) int { return int(d.Seconds()) }

// duration converts an optional number of seconds.
func duration(seconds *int) *time.Duration {
	if seconds == nil {
		return nil
	}
	d := time.Duration(*seconds) * time.Second
	return &d
}
