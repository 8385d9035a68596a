package httpapi

import "github.com/labstack/echo/v4"

// The headers of draft-ietf-httpapi-ratelimit-headers.
const (
	rateLimit       = "RateLimit"
	rateLimitPolicy = "RateLimit-Policy"
)

// rateLimits tells the callers of a limited operation its limits, as the contract declares them. They are
// the same for all: how much of a limit is left would tell about the attempts of others.
func rateLimits(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if limits := operationOf(c).limits; limits != "" {
			c.Response().Header().Set(rateLimitPolicy, limits)
		}
		return next(c)
	}
}
