package main

import (
	"fmt"
	"reflect"
	"time"

	"github.com/alecthomas/kong"
)

// The options make errors of durations and times show the accepted form. Those of package time show layouts.
var (
	durations = kong.TypeMapper(reflect.TypeFor[time.Duration](), mapper("a duration such as 30s, 15m or 24h", time.ParseDuration))
	times     = kong.TypeMapper(reflect.TypeFor[time.Time](), mapper("a time such as 2030-03-01T00:00:00Z", parseTime))
)

func parseTime(text string) (time.Time, error) { return time.Parse(time.RFC3339, text) }

// mapper parses the value of a flag, and says what it should be if it cannot.
func mapper[T any](form string, parse func(string) (T, error)) kong.MapperFunc {
	return func(ctx *kong.DecodeContext, target reflect.Value) error {
		var text string
		if err := ctx.Scan.PopValueInto("value", &text); err != nil {
			return err
		}
		value, err := parse(text)
		if err != nil {
			return fmt.Errorf("%q is not %s", text, form)
		}
		target.Set(reflect.ValueOf(value))
		return nil
	}
}
