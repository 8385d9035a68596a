package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/joho/godotenv"
)

const prefix = "LATCHKEY_"

// FileVariables are the variables of the environment that come from a .env file.
type FileVariables map[string]bool

// LoadDotEnv adds the variables of a .env file in the working directory to the environment and returns
// them. Variables that are already set keep their value. A missing file is not an error.
func LoadDotEnv() (FileVariables, error) {
	file, err := godotenv.Read()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf(".env: %w", err)
	}
	added := FileVariables{}
	for name, value := range file {
		if _, set := os.LookupEnv(name); set {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return nil, fmt.Errorf(".env: %w", err)
		}
		added[name] = true
	}
	return added, nil
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
