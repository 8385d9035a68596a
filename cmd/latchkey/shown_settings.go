package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
)

// shownSettings returns the settings of this process with where each comes from. Secrets have no value.
func shownSettings(command *kong.Context, file config.FileVariables, s config.Serve) []httpapi.Setting {
	byFlag := map[string]bool{}
	for _, part := range command.Path {
		if part.Flag != nil && !part.Resolved {
			byFlag[part.Flag.Name] = true
		}
	}
	source := func(flag, variable string) string {
		_, set := os.LookupEnv(variable)
		switch {
		case byFlag[flag]:
			return "flag"
		case file[variable]:
			return "file"
		case set:
			return "environment"
		}
		return "default"
	}
	var all []httpapi.Setting
	for _, flag := range settingsOf(command.Selected()) {
		about := settingOf(flag)
		shown := httpapi.Setting{
			Variable: about.variable, Flag: "--" + flag.Name, Group: about.group, Description: about.help,
			Default: strings.Trim(about.value, "`"), Source: source(flag.Name, about.variable),
		}
		shown.Value = shownValue(flag, s)
		all = append(all, shown)
	}
	for _, about := range environmentOnly {
		all = append(all, httpapi.Setting{
			Variable: about.variable, Group: about.group, Description: strings.ReplaceAll(about.help, "`", ""),
			Source: source("", about.variable), Secret: true,
		})
	}
	return all
}

// shownValue returns the value of a setting as text. A URL has no password, and the settings that depend on
// others have their final values.
func shownValue(flag *kong.Flag, s config.Serve) string {
	switch flag.Name {
	case "issuer":
		return s.Issuer
	case "database-url":
		return withoutPassword(s.URL)
	case "demo-routes":
		return fmt.Sprint(s.DemoRoutes)
	}
	if list, ok := flag.Target.Interface().([]string); ok {
		return strings.Join(list, ",")
	}
	return fmt.Sprint(flag.Target.Interface())
}

// withoutPassword returns a database URL without its password and its parameters, which may contain one.
func withoutPassword(text string) string {
	if strings.HasPrefix(text, "sqlite:") {
		return text
	}
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	u.RawQuery = ""
	return u.String()
}
