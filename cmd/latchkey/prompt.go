package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// terminal returns the file of a stream that is a terminal.
func terminal(stream any) (*os.File, bool) {
	file, ok := stream.(*os.File)
	return file, ok && term.IsTerminal(int(file.Fd()))
}

// readPassword prompts for a password twice if standard input is a terminal, and reads one line
// otherwise.
func readPassword(std stdio) (string, error) {
	file, ok := terminal(std.in)
	if !ok {
		return readLine(std.in)
	}
	prompt := func(text string) (string, error) {
		_, _ = fmt.Fprint(std.err, text)
		password, err := term.ReadPassword(int(file.Fd()))
		_, _ = fmt.Fprintln(std.err)
		return string(password), err
	}
	first, err := prompt("Password: ")
	if err != nil {
		return "", err
	}
	second, err := prompt("Repeat password: ")
	if err == nil && first != second {
		err = errors.New("the passwords do not match; run the command again")
	}
	return first, err
}

func readLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.New("no password on standard input; pipe it in as one line")
	}
	return line, nil
}

// confirmation has the flag of every command that asks before it destroys something.
type confirmation struct {
	Yes bool `help:"Do not ask for confirmation."`
}

// confirm asks a yes-no question, unless the flag answers it, and returns an error unless the answer is
// yes. It needs a terminal.
func (c confirmation) confirm(std stdio, question string) error {
	if c.Yes {
		return nil
	}
	file, ok := terminal(std.in)
	if !ok {
		return errors.New("cannot ask for confirmation without a terminal; add --yes to confirm")
	}
	_, _ = fmt.Fprintf(std.err, "%s [y/N] ", printable(question))
	answer, _ := bufio.NewReader(file).ReadString('\n') // an error counts as no
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("canceled; nothing was changed")
	}
	return nil
}
