package config

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/joho/godotenv"
)

const prefix = "LATCHKEY_"

// LoadDotEnv adds the variables of a .env file in the working directory to the environment. Variables
// that are already set keep their value. A missing file is not an error.
func LoadDotEnv() error {
	err := godotenv.Load()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf(".env: %w", err)
	}
	return nil
}

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
