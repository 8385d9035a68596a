package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// fallback is the language of texts that another language lacks, and the one of users whose languages
// there are none of.
const fallback = "en"

// common is the area of texts that every page has.
const common = "common"

// catalogue has the texts of one language, by area and key. A text is a string, or an object with a
// string for each plural category.
type catalogue map[string]map[string]any

// catalogues has the texts of all languages.
type catalogues map[string]catalogue

// loadTexts returns the built-in texts, and those of the operator's files in front of them. Texts
// that a language lacks are in English.
func loadTexts(paths []string) (catalogues, error) {
	all := catalogues{}
	names, err := fs.Glob(embedded, "static/texts/*/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		content, err := embedded.ReadFile(name)
		if err != nil {
			return nil, err
		}
		language, area := path.Base(path.Dir(name)), strings.TrimSuffix(path.Base(name), ".json")
		texts := map[string]any{}
		if err := json.Unmarshal(content, &texts); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if all[language] == nil {
			all[language] = catalogue{}
		}
		all[language][area] = texts
	}
	for _, name := range paths {
		if err := all.load(name); err != nil {
			return nil, fmt.Errorf("LATCHKEY_TEXTS: %s: %w", name, err)
		}
	}
	all.complete()
	return all, nil
}

var languagePattern = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// load adds the texts of an operator's file: one object of keys and texts.
func (all catalogues) load(name string) error {
	language := strings.TrimSuffix(filepath.Base(name), ".json")
	if !languagePattern.MatchString(language) {
		return fmt.Errorf("the file is not named after a language, for example fr.json")
	}
	content, err := os.ReadFile(name) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	texts := map[string]any{}
	if err := json.Unmarshal(content, &texts); err != nil {
		return err
	}
	if all[language] == nil {
		all[language] = catalogue{}
	}
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		problems = append(problems, all.set(language, key, texts[key]))
	}
	return errors.Join(problems...)
}

// set sets a text, which must have the placeholders of the English one.
func (all catalogues) set(language, key string, text any) error {
	for area, texts := range all[fallback] {
		english, found := texts[key]
		if !found {
			continue
		}
		if !isText(text) {
			return fmt.Errorf("%s: the text is neither a string nor an object of strings", key)
		}
		if wanted, got := placeholders(english), placeholders(text); !slices.Equal(wanted, got) {
			return fmt.Errorf("%s: the text has the placeholders %v instead of %v", key, got, wanted)
		}
		if all[language][area] == nil {
			all[language][area] = map[string]any{}
		}
		all[language][area][key] = text
		return nil
	}
	return fmt.Errorf("%s: there is no such text", key)
}

// isText reports whether a value of a catalogue is a text: one string, or one for each plural category, of
// which every language has "other".
func isText(value any) bool {
	switch value := value.(type) {
	case string:
		return true
	case map[string]any:
		for _, form := range value {
			if _, ok := form.(string); !ok {
				return false
			}
		}
		return value["other"] != nil
	}
	return false
}

var placeholderPattern = regexp.MustCompile(`\{[a-z]+\}`)

// placeholders returns the placeholders of a text, each once. Those of an object are in any of its
// strings.
func placeholders(text any) []string {
	var all []string
	switch text := text.(type) {
	case string:
		all = placeholderPattern.FindAllString(text, -1)
	case map[string]any:
		for _, form := range text {
			all = append(all, placeholders(form)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// complete fills in the texts that a language lacks.
func (all catalogues) complete() {
	for _, own := range all {
		for area, texts := range all[fallback] {
			completed := maps.Clone(texts)
			maps.Copy(completed, own[area])
			own[area] = completed
		}
	}
}

// addTo adds a file for each language and page, with the common texts and those of the page.
func (all catalogues) addTo(files map[string][]byte) {
	for language, own := range all {
		for area, texts := range own {
			merged := maps.Clone(own[common])
			maps.Copy(merged, texts)
			content, _ := json.Marshal(merged) // strings and maps of them can always be encoded
			files[textsName(language, area)] = content
		}
	}
}

func textsName(language, area string) string { return "texts/" + language + "/" + area + ".json" }

// languages returns the languages, in alphabetical order.
func (all catalogues) languages() []string { return slices.Sorted(maps.Keys(all)) }

// text returns a text of a page, or "".
func (all catalogues) text(language, area, key string) string {
	text, _ := all[language][area][key].(string)
	return text
}
