package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// releaseMark stands before the release's name behind the program: the mirrors serve one program as several releases.
const releaseMark = "\nhomelab-rke2-release="

// ownRelease is the release that the running program was downloaded as, or the one that it was built as.
func ownRelease(built string) (string, error) {
	file, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", err
	}
	defer file.Close()
	const most = 64
	if _, err := file.Seek(-most, io.SeekEnd); err != nil {
		return "", err
	}
	tail := make([]byte, most)
	if _, err := io.ReadFull(file, tail); err != nil {
		return "", fmt.Errorf("the end of %s: %w", file.Name(), err)
	}
	if _, name, found := bytes.Cut(tail, []byte(releaseMark)); found {
		return string(name), nil
	}
	return built, nil
}
