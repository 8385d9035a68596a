package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/joho/godotenv"
)

const (
	prefix = "LATCHKEY_"
	dotEnv = ".env"
)

// FileVariables are the variables of the environment that come from a .env file.
type FileVariables map[string]bool

// LoadDotEnv adds the variables of a .env file in the working directory to the environment and returns
// them. Variables that are already set keep their value. A missing file is not an error.
func LoadDotEnv() (FileVariables, error) {
	text, err := os.ReadFile(dotEnv)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	file, ok := parseDotEnv(string(text))
	if !ok {
		return nil, dotEnvError(string(text))
	}
	added := FileVariables{}
	for name, value := range file {
		if _, set := os.LookupEnv(name); set {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", dotEnv, name, err)
		}
		added[name] = true
	}
	return added, nil
}

// parseDotEnv returns the variables of a .env file. ok is false if a line is not valid.
func parseDotEnv(text string) (file map[string]string, ok bool) {
	file, err := godotenv.Unmarshal(text)
	_, nameless := file[""]
	return file, err == nil && !nameless
}

// dotEnvError returns an error with the first line that is not valid. The error of the library has no line, and
// quotes the rest of the file, in which there are secrets. For the same reason, only a name with our prefix is shown:
// another one may be a piece of a secret.
func dotEnvError(text string) error {
	lines, start := strings.SplitAfter(text, "\n"), 0
	for i := range lines {
		// A value in quotes may go on over several lines.
		if _, ok := parseDotEnv(strings.Join(lines[start:i+1], "")); ok {
			start = i + 1
		}
	}
	variable := ""
	if name, _, found := strings.Cut(strings.TrimPrefix(strings.TrimSpace(lines[start]), "export "), "="); found && settingName.MatchString(name) {
		variable = " (" + name + ")"
	}
	return fmt.Errorf("%s: line %d%s is not valid; write NAME=value with only letters, digits and _ in the name, "+
		"end a value that begins with a quote with the same quote, and begin a comment with #", dotEnv, start+1, variable)
}

// settingName matches what can be the name of a setting.
var settingName = regexp.MustCompile(`^` + prefix + `[A-Z0-9_]+$`)

// CheckEnvironment returns an error for every LATCHKEY_ variable that is not a setting. Without this
// check, a misspelt variable would silently leave the default in force.
func CheckEnvironment(grammar *kong.Application, environ []string) error {
	known := []string{secretVariable, smtpPasswordVariable}
	_ = kong.Visit(grammar, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			known = append(known, flag.Envs...)
		}
		return next(nil)
	})
	var p problems
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, prefix) && !slices.Contains(known, name) {
			p.add("%s is not a setting; run `latchkey serve --help` to list all settings", name)
		}
	}
	return errors.Join(p...)
}
