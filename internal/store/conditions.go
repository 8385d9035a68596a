package store

import (
	"slices"
	"strconv"
	"strings"
)

// Conditions collects the conditions of a query and their arguments. A query names only the columns
// that were asked for, so that the planner can choose the index that serves it.
type Conditions struct {
	placeholder string
	texts       []string
	args        []any
}

// NewConditions returns empty conditions. The placeholder is what the engine writes before the number
// of a parameter.
func NewConditions(placeholder string) *Conditions { return &Conditions{placeholder: placeholder} }

// Arg adds an argument and returns its parameter, as in $3.
func (c *Conditions) Arg(value any) string {
	c.args = append(c.args, value)
	return c.placeholder + strconv.Itoa(len(c.args))
}

// Add adds a condition, in which each ? stands for the next of args.
func (c *Conditions) Add(text string, args ...any) {
	var b strings.Builder
	for i, part := range strings.Split(text, "?") {
		if i > 0 {
			b.WriteString(c.Arg(args[i-1]))
		}
		b.WriteString(part)
	}
	c.texts = append(c.texts, b.String())
}

// Where returns the WHERE clause of the conditions and of more, which are already written with
// parameters. It is empty if there are none.
func (c *Conditions) Where(more ...string) string {
	texts := slices.Concat(c.texts, more)
	if len(texts) == 0 {
		return ""
	}
	return `WHERE ` + strings.Join(texts, ` AND `)
}

// Args returns the arguments in the order of their parameters.
func (c *Conditions) Args() []any { return c.args }
