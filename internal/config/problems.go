package config

import "fmt"

// problems collects what is wrong with the settings, so that all of it is reported at once.
type problems []error

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Errorf(format, args...)) }
