package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// The cookie with the device hint has the same name in every style. On https it has the prefix __Host-,
// so that no other host can set it.
const (
	deviceCookie     = "latchkey_device"
	deviceCookieHost = "__Host-" + deviceCookie
)

// deviceHint returns the device hint that the browser sends, or "". The name on plain http counts too:
// the hint is signed, so it does not matter who has set it.
func deviceHint(c echo.Context) string {
	if hint := readCookie(c, deviceCookieHost); hint != "" {
		return hint
	}
	return readCookie(c, deviceCookie)
}

// setDevice sets the cookie with the device hint, if there is one. Signing out does not delete it:
// it is there for the next sign-in.
func (k *Cookies) setDevice(hint string) {
	if hint == "" {
		return
	}
	cookie := http.Cookie{ //nolint:gosec // without Secure only on plain http, which is for development
		Name: deviceCookie, Value: hint, Path: "/", MaxAge: seconds(account.DeviceHintLifetime),
		Secure: k.secure, HttpOnly: true, SameSite: k.style.SameSite,
	}
	if k.secure {
		cookie.Name = deviceCookieHost
	}
	k.response.Add(echo.HeaderSetCookie, cookie.String())
}
