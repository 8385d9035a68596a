package httpapi

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// refuseShadowed answers 405 where Echo would take a fixed path for one with a parameter: it would pass
// PATCH /api/users/me, which does not exist, to PATCH /api/users/{id}.
func refuseShadowed(e *echo.Echo, all operations) {
	methods := map[string][]string{} // by route
	for _, key := range slices.Sorted(maps.Keys(all)) {
		method, route, _ := strings.Cut(key, " ")
		methods[route] = append(methods[route], method)
	}
	for fixed, has := range methods {
		for wide, others := range methods {
			if !shadows(fixed, wide) {
				continue
			}
			for _, method := range others {
				if !slices.Contains(has, method) {
					e.Add(method, fixed, notAllowed(has))
				}
			}
		}
	}
}

// shadows reports whether every request for the route fixed also matches the route wide.
func shadows(fixed, wide string) bool {
	a, b := strings.Split(fixed, "/"), strings.Split(wide, "/")
	if fixed == wide || len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !strings.HasPrefix(b[i], ":") {
			return false
		}
	}
	return true
}

func notAllowed(allowed []string) echo.HandlerFunc {
	list := strings.Join(append([]string{http.MethodOptions}, allowed...), ", ")
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderAllow, list)
		return echo.ErrMethodNotAllowed
	}
}
