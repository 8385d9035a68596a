// Command vendorweb fetches the libraries of the pages and checks them against their manifest:
//
//	go run ./internal/web/vendorweb internal/web/static/vendor
//
// It needs npm, which checks nothing here: the archive of a package must have the hash that the manifest
// names, and each file taken from it the hash of the file that is served. With -update the hashes of the
// manifest are written instead, after a version in it has been changed.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// library is a package in the manifest.
type library struct {
	Package   string            `json:"package"`
	Version   string            `json:"version"`
	License   string            `json:"license"`
	Integrity string            `json:"integrity"` // of the archive, as package managers write it
	Imports   map[string]string `json:"imports,omitempty"`
	Files     []file            `json:"files"`
}

// file is a file of a package. Its imports of other packages are replaced by relative URLs; nothing else
// is changed.
type file struct {
	From   string `json:"from"`
	To     string `json:"to"`
	SHA256 string `json:"sha256"`
}

func main() {
	update := flag.Bool("update", false, "write the hashes into the manifest")
	flag.Parse()
	if err := run(context.Background(), flag.Arg(0), *update); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, update bool) error {
	name := filepath.Join(dir, "manifest.json")
	content, err := os.ReadFile(name) //nolint:gosec // the directory is the developer's
	if err != nil {
		return err
	}
	var manifest []library
	if err := json.Unmarshal(content, &manifest); err != nil {
		return err
	}
	for i := range manifest {
		if err := manifest[i].fetch(ctx, dir, update); err != nil {
			return fmt.Errorf("%s: %w", manifest[i].Package, err)
		}
	}
	if !update {
		return nil
	}
	if content, err = json.MarshalIndent(manifest, "", "  "); err != nil {
		return err
	}
	return os.WriteFile(name, append(content, '\n'), 0o644) //nolint:gosec // part of the source
}

// fetch writes the files of a package.
func (l *library) fetch(ctx context.Context, dir string, update bool) error {
	archive, err := download(ctx, l.Package+"@"+l.Version)
	if err != nil {
		return err
	}
	sum := sha512.Sum512(archive)
	integrity := "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
	if update {
		l.Integrity = integrity
	}
	if l.Integrity != integrity {
		return fmt.Errorf("the archive has the hash %s instead of %s", integrity, l.Integrity)
	}
	members, err := unpack(archive)
	if err != nil {
		return err
	}
	for i := range l.Files {
		if err := l.write(dir, &l.Files[i], members, update); err != nil {
			return err
		}
	}
	return nil
}

func (l *library) write(dir string, f *file, members map[string][]byte, update bool) error {
	content, found := members[f.From]
	if !found {
		return fmt.Errorf("the package has no file %s", f.From)
	}
	for from, to := range l.Imports {
		content = bytes.ReplaceAll(content, []byte(`from"`+from+`"`), []byte(`from"`+to+`"`))
	}
	sum := sha256.Sum256(content)
	hash := hex.EncodeToString(sum[:])
	if update {
		f.SHA256 = hash
	}
	if f.SHA256 != hash {
		return fmt.Errorf("%s has the hash %s instead of %s", f.From, hash, f.SHA256)
	}
	return os.WriteFile(filepath.Join(dir, f.To), content, 0o644) //nolint:gosec // part of the source
}

// download returns the archive of a package.
func download(ctx context.Context, spec string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "vendorweb-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	out, err := exec.CommandContext(ctx, "npm", "pack", "--silent", "--pack-destination", dir, spec).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("npm pack: %w: %s", err, out)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(names) != 1 {
		return nil, fmt.Errorf("npm pack left %d archives: %w", len(names), err)
	}
	return os.ReadFile(names[0])
}

// unpack returns the files of an archive by their path in the package.
func unpack(archive []byte) (map[string][]byte, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	members := map[string][]byte{}
	for r := tar.NewReader(unzipped); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return members, nil
		}
		if err != nil {
			return nil, err
		}
		if members[strings.TrimPrefix(header.Name, "package/")], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
}
