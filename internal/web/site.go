package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

//go:embed static
var embedded embed.FS

// styleName is the style sheet of all pages. The colors of the brand are at its end: a page waits for each
// style sheet before it paints.
const styleName = "style.css"

// Prefix is the path under which the files are served.
const Prefix = "/web/"

// Options are what an operator can change.
type Options struct {
	Name  string   // of the application; empty: Latchkey
	Color string   // of buttons and links, as #rrggbb; empty: the built-in one
	Logo  string   // path of an image file; empty: none
	Texts []string // paths of files with texts, each named after its language, as fr.json
}

// Site has the pages and their files. It is safe for concurrent use.
type Site struct {
	brand     brand
	texts     catalogues
	hash      string
	assets    map[string]*asset
	modules   map[string][]string // the modules that each page needs
	languages []string
}

// New returns the site. An error says what is wrong with a file or a color.
func New(o Options) (*Site, error) {
	s := &Site{assets: map[string]*asset{}}
	var err error
	if s.brand, err = newBrand(o); err != nil {
		return nil, err
	}
	if s.texts, err = loadTexts(o.Texts); err != nil {
		return nil, err
	}
	s.languages = s.texts.languages()
	files, err := s.files()
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		s.assets[name] = newAsset(name, files[name])
		_, _ = fmt.Fprintf(sum, "%s %s\n", name, s.assets[name].etag) // a hash accepts every write
	}
	s.hash = hex.EncodeToString(sum.Sum(nil))[:16]
	s.modules = pageModules(files)
	return s, nil
}

// files returns all files by their path: the embedded ones, and those that depend on the options.
func (s *Site) files() (map[string][]byte, error) {
	files := map[string][]byte{}
	if s.brand.logo != nil {
		files[s.brand.logoName] = s.brand.logo
	}
	s.texts.addTo(files)
	static, err := fs.Sub(embedded, "static")
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(static, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || isSource(name) {
			return err
		}
		files[name], err = fs.ReadFile(static, name)
		return err
	})
	files[styleName] = append(files[styleName], s.brand.css()...)
	return files, err
}

// isSource reports whether a file is not served itself: the texts are served complete, by addTo.
func isSource(name string) bool {
	matched, _ := fs.Glob(embedded, "static/texts/*/*.json")
	return slices.Contains(matched, "static/"+name)
}
