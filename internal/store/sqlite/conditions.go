package sqlite

import (
	"fmt"
	"slices"
	"strings"
)

// conditions are those of a query that names only what was asked for, so that the planner sees which
// index serves it.
type conditions struct {
	texts []string
	args  []any
}

// arg adds an argument and gives its name.
func (c *conditions) arg(v any) string {
	c.args = append(c.args, v)
	return fmt.Sprintf("?%d", len(c.args))
}

// add adds a condition, in which each ? is the next of args.
func (c *conditions) add(text string, args ...any) {
	var b strings.Builder
	for i, part := range strings.Split(text, "?") {
		if i > 0 {
			b.WriteString(c.arg(args[i-1]))
		}
		b.WriteString(part)
	}
	c.texts = append(c.texts, b.String())
}

// and gives a copy with one more condition.
func (c conditions) and(text string) conditions {
	c.texts = append(slices.Clone(c.texts), text)
	return c
}

// where is the clause.
func (c conditions) where() string {
	if len(c.texts) == 0 {
		return ""
	}
	return `WHERE ` + strings.Join(c.texts, ` AND `)
}
