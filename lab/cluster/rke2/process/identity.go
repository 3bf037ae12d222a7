package process

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// identity sums up what a running process must have been started with to be kept, as the kubelet
// does with the hash of a static pod's manifest: program, arguments and content of Files.
func (c *Child) identity() (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q\n", c.Path)
	for _, arg := range c.Args {
		if !slices.ContainsFunc(c.FirstOnly, func(p string) bool { return strings.HasPrefix(arg, p) }) {
			fmt.Fprintf(sum, "%q\n", arg)
		}
	}
	for _, path := range c.Files {
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(sum, "no %q\n", path)
			continue
		}
		if err != nil {
			return "", err
		}
		size, err := io.Copy(sum, file)
		if err = errors.Join(err, file.Close()); err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		fmt.Fprintf(sum, "%q %d\n", path, size)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
