package httpapi

import (
	"maps"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// refuseShadowed responds with 405 where Echo takes a fixed path for one with a parameter: it would pass
// PATCH /api/users/me, which does not exist, to PATCH /api/users/{id}. It knows the operations of
// the main contract only: the services that profiles stand for do what Echo does.
func refuseShadowed(all operations) echo.MiddlewareFunc {
	methods := map[string][]string{} // by route
	for _, key := range slices.Sorted(maps.Keys(all)) {
		method, route, _ := strings.Cut(key, " ")
		methods[route] = append(methods[route], method)
	}
	allowed := map[string]string{} // by fixed path
	for fixed, has := range methods {
		for wide := range methods {
			if shadows(fixed, wide) {
				allowed[fixed] = strings.Join(append([]string{"OPTIONS"}, has...), ", ")
			}
		}
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			path := c.Request().URL.Path
			if methods, shadowing := allowed[path]; shadowing && c.Path() != path {
				c.Response().Header().Set(echo.HeaderAllow, methods)
				stateOf(c.Request().Context()).operation = noOperation
				return echo.ErrMethodNotAllowed
			}
			return next(c)
		}
	}
}

// shadows reports whether a route without parameters is a path of the route wide.
func shadows(fixed, wide string) bool {
	a, b := strings.Split(fixed, "/"), strings.Split(wide, "/")
	if fixed == wide || len(a) != len(b) || strings.Contains(fixed, ":") {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !strings.HasPrefix(b[i], ":") {
			return false
		}
	}
	return true
}
