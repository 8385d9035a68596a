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

// LoadDotEnv adds what a .env file in the working directory sets and the environment does not. No
// file is no fault.
func LoadDotEnv() error {
	err := godotenv.Load()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf(".env: %w", err)
	}
	return nil
}

// CheckEnvironment reports every LATCHKEY_ variable that no setting has: a misspelt one would
// otherwise leave its default in force in silence.
func CheckEnvironment(grammar *kong.Application, environ []string) error {
	known := []string{secretVariable, smtpPasswordVariable}
	_ = kong.Visit(grammar, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			known = append(known, flag.Envs...)
		}
		return next(nil)
	})
	var f faults
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, prefix) && !slices.Contains(known, name) {
			f.add("%s is not a setting; `latchkey serve --help` lists them", name)
		}
	}
	return errors.Join(f...)
}
