package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// repository is one with its login, as its Secret says it.
type repository struct {
	URL      string `json:"url"`
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`
}

// environment gives git the login without a file or an argument that shows it. Git asks nobody.
func (r repository) environment() []string {
	environment := append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1", "HOME=/dev/null")
	if r.Password == "" {
		return environment
	}
	username := r.Username
	if username == "" {
		// A token alone (util/git/creds.go, githubAccessTokenUsername).
		username = "x-access-token"
	}
	login := base64.StdEncoding.EncodeToString([]byte(username + ":" + r.Password))
	return append(environment, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.extraHeader", "GIT_CONFIG_VALUE_0=Authorization: Basic "+login)
}

// run runs a program in a folder; an error is in Argo CD's words (util/exec), with what the program said.
func run(ctx context.Context, folder string, environment []string, line ...string) (string, error) {
	var said bytes.Buffer
	command := exec.CommandContext(ctx, line[0], line[1:]...)
	command.Dir, command.Env, command.Stderr = folder, environment, &said
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("`%s` failed %w: %s", strings.Join(line, " "), err, strings.TrimSpace(said.String()))
	}
	return string(output), nil
}

var wholeCommit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// resolve gives the commit that a branch, a tag or HEAD names at the repository now (util/git/client.go, LsRemote).
func (r repository) resolve(ctx context.Context, revision string) (string, error) {
	if wholeCommit.MatchString(revision) {
		return revision, nil
	}
	if revision == "" {
		revision = "HEAD"
	}
	list, err := run(ctx, "/", r.environment(), "git", "ls-remote", r.URL)
	if err != nil && strings.Contains(err.Error(), "could not read Username") {
		// As go-git says it, by which upstream looks.
		return "", errors.New("failed to list refs: authentication required")
	}
	if err != nil {
		return "", fmt.Errorf("failed to list refs: %w", err)
	}
	found := map[string]string{}
	for line := range strings.Lines(list) {
		commit, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
		found[name] = commit
	}
	for _, name := range []string{"refs/heads/" + revision, "refs/tags/" + revision + "^{}", "refs/tags/" + revision, revision} {
		if commit, ok := found[name]; ok {
			return commit, nil
		}
	}
	return "", fmt.Errorf("unable to resolve '%s' to a commit SHA", revision)
}

// checkout brings a commit of the repository into its folder, which nobody else may use meanwhile.
func (r repository) checkout(ctx context.Context, folder, commit string) error {
	git := func(arguments ...string) error {
		_, err := run(ctx, folder, r.environment(), append([]string{"git"}, arguments...)...)
		return err
	}
	if _, err := os.Stat(filepath.Join(folder, ".git")); errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		if err := errors.Join(git("init", "-q"), git("remote", "add", "origin", r.URL)); err != nil {
			return err
		}
	}
	if git("cat-file", "-e", commit+"^{commit}") != nil {
		if err := git("fetch", "-q", "origin", "--tags", "--force", "--prune", "+refs/heads/*:refs/remotes/origin/*"); err != nil {
			return err
		}
	}
	if err := git("checkout", "-q", "--force", commit); err != nil {
		return err
	}
	return git("clean", "-ffdxq")
}

// folderOf is where a repository is kept below a root.
func folderOf(root, url string) string {
	sum := sha256.Sum256([]byte(normalURL(url)))
	return filepath.Join(root, hex.EncodeToString(sum[:8]))
}
