package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// runReader is the reader of repositories. Upstream it speaks gRPC; here it is JSON over the same port, with a certificate of its
// own as well, that nobody checks unless he was told to.
func runReader(ctx context.Context, arguments []string) error {
	at, err := ports("argocd-repo-server", arguments, "port", "metrics-port")
	if err != nil {
		return err
	}
	cache, err := redisOfPod()
	if err != nil {
		return err
	}
	root := filepath.Join(os.TempDir(), "_argocd-repo")
	reader := newReader(root, cache)
	listener, err := listenTLS(at["port"])
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serveOn(ctx, listener, reader.handler()) })
	group.Go(func() error {
		return serve(ctx, at["metrics-port"], healthz(func(context.Context) error { return nil }))
	})
	return group.Wait()
}

// reader answers what folders of repositories say.
type reader struct {
	root  string
	cache keeper
	now   func() time.Time
	mu    sync.Mutex
	// locks are held while a repository's folder is in use.
	locks map[string]*sync.Mutex
	// resolved are the commits that revisions named, with the time of the look.
	resolved map[string]lookedUp
}

// keeper is Redis.
type keeper interface {
	get(ctx context.Context, key string) (string, error)
	set(ctx context.Context, key, value string) error
}

type lookedUp struct {
	commit string
	at     time.Time
}

func newReader(root string, cache keeper) *reader {
	return &reader{root: root, cache: cache, now: time.Now, locks: map[string]*sync.Mutex{}, resolved: map[string]lookedUp{}}
}

func (r *reader) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /manifests", answering(r.manifests))
	mux.HandleFunc("POST /directories", answering(r.directories))
	return mux
}

func answering[Q, A any](answer func(context.Context, Q) (A, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		var question Q
		if err := json.NewDecoder(request.Body).Decode(&question); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		given, err := answer(request.Context(), question)
		if err != nil {
			slog.Error("cannot answer", "path", request.URL.Path, "error", err)
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(given)
	}
}

// kept is what Redis has of a folder at a commit: its objects, or how it failed (reposerver/cache, CachedManifestResponse).
type kept struct {
	Manifests    *manifests `json:"manifests,omitempty"`
	Failures     int        `json:"failures,omitempty"`
	FirstFailure time.Time  `json:"firstFailure,omitzero"`
	LastError    string     `json:"lastError,omitempty"`
}

// A folder that failed so often at one commit is left alone for so long, whoever asks; a hard refresh alone tries it anew
// (cmd/argocd-repo-server: pauseGenerationAfterFailedGenerationAttempts, pauseGenerationOnFailureForMinutes).
const (
	failuresUntilPause = 3
	pause              = time.Hour
)

// pausedError begins what is answered meanwhile (reposerver/repository, cachedManifestGenerationPrefix).
const pausedError = "Manifest generation error (cached)"

func (r *reader) manifests(ctx context.Context, request manifestRequest) (manifests, error) {
	commit, err := r.commit(ctx, request.Repository, request.Revision, request.NoRevisionCache)
	if err != nil {
		return manifests{}, err
	}
	key := keyOf(request, commit)
	known := r.known(ctx, key)
	if !request.NoCache {
		if known.Manifests != nil {
			return *known.Manifests, nil
		}
		if known.Failures >= failuresUntilPause && r.now().Before(known.FirstFailure.Add(pause)) {
			return manifests{}, fmt.Errorf("%s: %s", pausedError, known.LastError)
		}
	}
	rendered, err := r.renderAt(ctx, request, commit)
	if err != nil {
		if known.Failures == 0 {
			known.FirstFailure = r.now()
		}
		known.Failures, known.LastError = known.Failures+1, err.Error()
		return manifests{}, errors.Join(err, r.keep(ctx, key, known))
	}
	return rendered, r.keep(ctx, key, kept{Manifests: &rendered})
}

func (r *reader) renderAt(ctx context.Context, request manifestRequest, commit string) (manifests, error) {
	var rendered manifests
	err := r.inside(ctx, request.Repository, commit, func(folder string) error {
		var err error
		rendered, err = render(ctx, folder, request)
		rendered.Revision = commit
		return err
	})
	return rendered, err
}

// inside works in a repository's folder at a commit.
func (r *reader) inside(ctx context.Context, of repository, commit string, work func(folder string) error) error {
	folder := folderOf(r.root, of.URL)
	lock := r.lock(folder)
	lock.Lock()
	defer lock.Unlock()
	if err := of.checkout(ctx, folder, commit); err != nil {
		return err
	}
	return work(folder)
}

func (r *reader) lock(folder string) *sync.Mutex {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.locks[folder] == nil {
		r.locks[folder] = &sync.Mutex{}
	}
	return r.locks[folder]
}

// revisionAge is how long a revision's commit is believed where nobody asks for the newest (--revision-cache-expiration).
const revisionAge = 3 * time.Minute

func (r *reader) commit(ctx context.Context, of repository, revision string, anew bool) (string, error) {
	key := normalURL(of.URL) + "|" + revision
	r.mu.Lock()
	known, ok := r.resolved[key]
	r.mu.Unlock()
	if ok && !anew && r.now().Before(known.at.Add(revisionAge)) {
		return known.commit, nil
	}
	commit, err := of.resolve(ctx, revision)
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	r.resolved[key] = lookedUp{commit, r.now()}
	r.mu.Unlock()
	return commit, nil
}

func keyOf(request manifestRequest, commit string) string {
	request.Repository = repository{URL: normalURL(request.Repository.URL)}
	request.Revision, request.NoCache, request.NoRevisionCache = commit, false, false
	content, _ := json.Marshal(request)
	sum := sha256.Sum256(content)
	return "mfst|" + hex.EncodeToString(sum[:])
}

// known is what the cache has; one that does not answer has nothing.
func (r *reader) known(ctx context.Context, key string) kept {
	var found kept
	text, err := r.cache.get(ctx, key)
	if err == nil {
		err = json.Unmarshal([]byte(text), &found)
	}
	if err != nil && !errors.Is(err, errMiss) {
		slog.Warn("manifest cache error", "error", err)
	}
	return found
}

func (r *reader) keep(ctx context.Context, key string, value kept) error {
	content, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := r.cache.set(ctx, key, string(content)); err != nil {
		slog.Warn("manifest cache set error", "error", err)
	}
	return nil
}

type directoriesRequest struct {
	Repository repository `json:"repository"`
	Revision   string     `json:"revision"`
}

// directories lists all folders of a repository, hidden ones left out (reposerver/repository, GetGitDirectories).
func (r *reader) directories(ctx context.Context, request directoriesRequest) ([]string, error) {
	commit, err := r.commit(ctx, request.Repository, request.Revision, false)
	if err != nil {
		return nil, err
	}
	found := []string{}
	err = r.inside(ctx, request.Repository, commit, func(folder string) error {
		return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			if strings.HasPrefix(entry.Name(), ".") {
				return filepath.SkipDir
			}
			if path != folder {
				found = append(found, filepath.ToSlash(strings.TrimPrefix(path, folder+"/")))
			}
			return nil
		})
	})
	return found, err
}

// readerClient asks the reader.
type readerClient struct {
	address string
	client  *http.Client
}

func newReaderClient(address string) readerClient {
	// Upstream checks the reader's certificate only when it is told to (--repo-server-strict-tls).
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // as upstream
	return readerClient{address, &http.Client{Transport: transport, Timeout: 90 * time.Second}}
}

func (c readerClient) ask(ctx context.Context, path string, question, answer any) error {
	content, err := json.Marshal(question)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+c.address+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	response, err := c.client.Do(request)
	if err != nil {
		return fmt.Errorf("repo server: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, err := io.ReadAll(response.Body)
		return errors.Join(errors.New(strings.TrimSpace(string(said))), err)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}
